"""Every journey by the accessibility tree and the keyboard alone: no selector, no mouse, and an ear on what is said."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accompaniment.enums import Track
from accompaniment.models import Accompaniment, OnSiteRequest
from accompaniment.services.plans import plan_obligations
from accompaniment.services.reference import give_default_hours
from messaging.models import CallbackRequest, Message
from tests.accompaniment.factories import PASSWORD, AgencyFactory, reference
from tests.accompaniment.files import as_file, registration
from tests.caseload.factories import ManagerFactory, PortfolioFactory, on_web_track, validated, volunteer
from tests.e2e.browser import forgive, step_inside
from tests.e2e.conftest import NewPage
from tests.e2e.reader import ANY, Reader
from tests.e2e.room import refuse
from tests.messaging.factories import ask, pair, say
from tests.visio.factories import InterviewFactory, bookable_portfolio
from visio.models import Interview

pytestmark = pytest.mark.e2e

DAY = re.compile("^(Lundi|Mardi|Mercredi|Jeudi|Vendredi) ")


FAULTY = """
<!doctype html><html lang="fr"><title>Fautes</title><main><h1>Fautes</h1>
  <p id="first" role="status"></p><p id="second" role="status"></p><div id="place"></div>
  <button onclick="first.textContent = 'Une fois'">Dire</button>
  <button onclick="first.textContent = 'Deux fois'; second.textContent = 'Deux fois'">Redire</button>
  <button onclick="place.innerHTML = '<p role=status>Trop tôt</p>'">Remplir</button>
  <button onclick="this.remove()">Partir</button>
</main></html>
"""


def test_the_reader_notices_each_kind_of_fault(page: Page) -> None:
    """The control: a page that says something twice, fills a region before it is listened to, and loses the focus."""
    page.route("**/fautes/", lambda route: route.fulfill(body=FAULTY, content_type="text/html; charset=utf-8"))
    reader = Reader(page)
    reader.opens("/fautes/")
    reader.uses("button", "Dire")
    reader.hears("Une fois")
    for name in ("Redire", "Remplir", "Partir"):
        reader.uses("button", name)
    with pytest.raises(AssertionError) as found:
        reader.ends()
    kinds = ("heard twice: Deux fois", "neither heard nor read: Trop tôt", "the focus is on nothing")
    problems = str(found.value).splitlines()
    assert len(problems) == len(kinds)
    for problem, kind in zip(problems, kinds, strict=True):
        assert problem.endswith(kind)


def test_a_person_logs_in_accepts_books_writes_and_asks(new_page: NewPage, server: object) -> None:
    reference()
    person = validated(bookable_portfolio(), with_account=True).jobseeker
    give_default_hours([person.agency])
    page = new_page(width=390, height=844)
    forgive(page, "422")
    reader = Reader(page)
    main = page.get_by_role("main")

    reader.opens("/connexion/")
    reader.writes(re.compile("^Adresse e-mail"), person.user.email)
    reader.writes("Mot de passe", "un autre mot de passe")
    reader.uses("button", "Se connecter")
    reader.is_told("mot de passe")
    reader.writes("Mot de passe", PASSWORD)
    reader.uses("button", "Se connecter")
    reader.is_on(f"Bonjour {person.first_name}")

    reader.uses("link", re.compile("^Lire et accepter"), inside=main)
    reader.is_on("Votre accompagnement 100 % web")
    reader.uses("button", "J'accepte le 100 % web")
    reader.is_told("J'ai lu ce texte")
    reader.chooses(re.compile("^J'ai lu ce texte"), role="checkbox")
    reader.uses("button", "J'accepte le 100 % web")
    reader.is_on("Prendre rendez-vous")
    reader.hears("votre 100 % web a commencé")

    reader.chooses("Par téléphone")
    reader.chooses(ANY, inside=main.get_by_role("group", name=DAY).first)
    reader.uses("button", re.compile("^Réserver .*, par téléphone$"))
    reader.is_on("Rendez-vous")
    reader.hears("C'est noté")
    assert Interview.objects.live().filter(jobseeker=person).exists()

    bar = page.get_by_role("navigation", name="Accès direct")
    reader.uses("link", re.compile("^Messages"), inside=bar)
    reader.is_on("Messages")
    reader.writes("Votre message", "Bonjour, quand commençons-nous ?")
    reader.presses("Enter")
    reader.hears("Bonjour, quand commençons-nous")
    reader.hears("Envoyé")
    reader.is_at("textbox", "Votre message")
    assert Message.objects.filter(conversation__jobseeker=person).count() == 1

    reader.opens("/rappels/demander/")
    reader.uses("button", "Demander cet appel")
    reader.is_told("Sujet")
    reader.chooses("Une formation")
    reader.chooses(re.compile("^Par écrit"))
    reader.chooses(ANY, role="checkbox")
    reader.uses("button", "Demander cet appel")
    reader.hears("Votre demande est enregistrée.")
    asked = CallbackRequest.objects.get(jobseeker=person)
    assert asked.in_writing

    reader.uses("link", "Rendez-vous en agence", inside=page.get_by_role("navigation", name="Mes droits"))
    reader.is_on("Rendez-vous en agence")
    reader.writes(re.compile("^Souhaitez-vous préciser"), "Le matin.")
    reader.uses("button", "Demander un rendez-vous")
    reader.hears("Votre demande")
    assert OnSiteRequest.objects.open().filter(jobseeker=person).exists()
    reader.ends()


def test_a_person_moves_cancels_corrects_and_leaves(new_page: NewPage, server: object) -> None:
    person = on_web_track(bookable_portfolio())
    plan_obligations()
    starts_at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=4)
    InterviewFactory(jobseeker=person, starts_at=starts_at)
    page = new_page()
    refuse(page, audio="NotFoundError")
    forgive(page, "422")
    step_inside(page, person.user)
    reader = Reader(page)
    main = page.get_by_role("main")

    reader.opens("/mes-entretiens/")
    reader.uses("link", re.compile("^Déplacer l'entretien"))
    reader.is_on(re.compile("^Déplacer"))
    reader.chooses("En visio")
    reader.chooses(ANY, inside=main.get_by_role("group", name=DAY).first)
    reader.uses("button", re.compile("^Déplacer .*, en visio$"))
    reader.is_on("Rendez-vous")
    reader.hears("C'est noté")
    moved = Interview.objects.live().get(jobseeker=person)
    assert moved.starts_at != starts_at

    reader.uses("link", re.compile("^Annuler l'entretien"))
    reader.is_on(re.compile("^Annuler"))
    reader.uses("button", re.compile("^Annuler"))
    reader.is_on("Rendez-vous")
    reader.hears("annulé")
    assert not Interview.objects.live().filter(jobseeker=person).exists()

    reader.opens("/mes-donnees/")
    reader.uses("link", re.compile("^Corriger mon numéro"), inside=main)
    reader.is_on("Mon numéro de téléphone")
    reader.writes(re.compile("^Votre numéro"), "12")
    reader.uses("button", "Enregistrer mon numéro")
    reader.is_told("numéro")
    reader.writes(re.compile("^Votre numéro"), "06 12 34 56 78")
    reader.uses("button", "Enregistrer mon numéro")
    reader.is_on("Mes données")
    reader.hears("06 12 34 56 78")

    reader.opens("/visio/test/")
    reader.hears("Aucun micro n'a été trouvé")
    reader.hears("Connexion : elle permet la visio")
    reader.chooses("Je n'utilise pas le micro", role="checkbox")
    reader.hears("vous répondrez par écrit")
    reader.hears("votre conseiller le verra")

    reader.opens("/mon-espace/")
    rights = page.get_by_role("navigation", name="Mes droits")
    reader.uses("link", "Quitter le 100 % web", inside=rights)
    reader.is_on("Quitter le 100 % web")
    reader.uses("button", "Quitter le 100 % web maintenant")
    reader.hears("Vous avez quitté le 100 % web.")
    assert Accompaniment.objects.current().get(jobseeker=person).track == Track.CLASSIC
    reader.ends()


def test_an_adviser_answers_searches_writes_and_keeps_a_file(new_page: NewPage, server: object) -> None:
    portfolio = bookable_portfolio()
    two, other = (pair(portfolio, last_name=name) for name in ("Aubrac", "Lefèvre"))
    for one in (two, other):
        say(one.conversation, one.person)
    ask(two.jobseeker)
    person = two.jobseeker
    page = new_page()
    forgive(page, "422")
    step_inside(page, portfolio.adviser.user)
    reader = Reader(page)
    main = page.get_by_role("main")

    reader.opens("/ma-journee/")
    reader.is_on("Ma journée")
    reader.uses("link", f"Répondre à {person.full_name}")
    reader.is_at("textbox", "Votre message")
    reader.uses("button", "Envoyer")
    reader.is_told("message")
    reader.writes("Votre message", "Oui, à demain.")
    reader.uses("button", "Envoyer")
    reader.hears(f"Votre réponse est envoyée à {person}.")
    reader.is_at("link", f"Répondre à {other.jobseeker.full_name}")
    reader.uses("link", f"Appeler {person.full_name}")
    reader.writes(re.compile("^Ce qui a été dit ou convenu"), "Convenu d'un atelier.")
    reader.uses("button", "Rappel effectué")
    reader.hears("noté dans le journal")
    reader.is_at("heading", "À traiter")
    reader.uses("button", "Suspendre la mise à jour")
    reader.is_at("button", "Suspendre la mise à jour")

    reader.opens("/portefeuille/")
    reader.writes("Rechercher un nom ou un identifiant", "lefevre", role="searchbox")
    reader.hears("1 personne sur 2")
    reader.chooses(re.compile("^Sélectionner Lefèvre"), role="checkbox")
    reader.hears("1 personne sélectionnée")
    reader.writes("Rechercher un nom ou un identifiant", "aubrac", role="searchbox")
    reader.chooses(re.compile("^Sélectionner Aubrac"), role="checkbox")
    reader.hears("2 personnes sélectionnées, dont 1 hors de la liste affichée")
    reader.presses("Enter")
    reader.is_at("button", "Écrire")
    reader.presses("Enter")
    reader.is_on("Écrire à plusieurs personnes")
    reader.writes(re.compile("^Votre message"), "L'atelier est mardi à 9 h.")
    reader.uses("button", "Envoyer")
    reader.is_on("Message envoyé à 2 personnes")

    reader.presses("Control+k")
    reader.is_at("combobox", re.compile("^Trouver une personne"))
    page.keyboard.type("aubrac")
    reader.hears("1 personne trouvée")
    reader.presses("ArrowDown")
    reader.presses("Enter")
    reader.is_on(person.full_name)
    reader.unfolds("Notes")
    reader.writes(re.compile("^Note pour l'équipe"), "Préfère le matin.")
    reader.uses("button", "Enregistrer la note")
    reader.hears("La note est enregistrée.")

    reader.uses("link", "Consigner un contact", inside=main)
    reader.is_on("Consigner un contact")
    reader.uses("button", "Consigner")
    reader.is_told("Comment s'est fait ce contact")
    reader.chooses("Appel téléphonique")
    reader.chooses("La personne")
    reader.writes(re.compile("^Ce qui a été dit ou convenu"), "Vous enverrez votre CV.")
    reader.uses("button", "Consigner")
    reader.is_on(person.full_name)
    reader.hears("contact")

    reader.uses("link", "Revoir le plan", inside=main)
    reader.is_on("Plan de contact")
    reader.chooses("Garder ce plan")
    reader.writes(re.compile("^Motif"), "Vous avancez bien.")
    reader.uses("button", "Enregistrer")
    reader.is_on(person.full_name)
    reader.hears("plan")
    reader.ends()


def test_an_adviser_registers_concludes_hands_over_and_is_away(new_page: NewPage, server: object) -> None:
    reference()
    portfolio = bookable_portfolio(adviser__user__first_name="Anne", adviser__user__last_name="Vidal")
    colleague = PortfolioFactory(agency=portfolio.agency)
    waiting = volunteer(portfolio)
    met = InterviewFactory(jobseeker=on_web_track(portfolio, last_name="Petit"), channel="phone")
    page = new_page()
    forgive(page, "422")
    step_inside(page, portfolio.adviser.user)
    reader = Reader(page)
    main = page.get_by_role("main")

    reader.opens("/inscriptions/")
    reader.writes("Rechercher un nom ou un identifiant", waiting.jobseeker.identifier, role="searchbox")
    reader.hears("1 résultat pour")
    reader.uses("link", waiting.jobseeker.full_name, inside=main)
    reader.is_on("Entretien d'inscription")
    reader.uses("button", "Conclure l'entretien")
    reader.is_told("pièce d'identité")
    reader.chooses(re.compile("^J'ai vérifié l'identité"), role="checkbox")
    reader.writes(re.compile("^Situation et projet"), "Cherche un poste.")
    reader.chooses("Oui", inside=main.get_by_role("radiogroup", name="À l'aise"))
    reader.chooses(re.compile(r"^100\s% web"), inside=main.get_by_role("radiogroup", name="Parcours"))
    reader.chooses(re.compile("^Anne Vidal"), inside=main.get_by_role("radiogroup", name="Portefeuille"))
    reader.uses("button", "Conclure l'entretien")
    reader.is_on(re.compile("validé$"))

    reader.opens("/agenda/")
    reader.uses("link", re.compile("^Conclure l'entretien"), inside=main)
    reader.chooses("L'entretien a eu lieu")
    reader.writes(re.compile("^Conclusions"), "Projet confirmé.")
    reader.picks("Suite", "Continuer comme prévu")
    reader.chooses("Convient encore")
    reader.uses("button", "Conclure l'entretien")
    reader.is_on(re.compile("Entretien terminé"))
    reader.hears("L'entretien est conclu.")

    reader.opens(f"/personnes/{met.jobseeker_id}/")
    reader.unfolds("Changer…")
    reader.uses("link", "Transférer")
    reader.is_on("Transférer une personne")
    reader.uses("button", "Voir ce qui va se passer")
    reader.is_told("portefeuille")
    reader.chooses(re.compile(re.escape(str(colleague.adviser))), role="checkbox")
    reader.writes(re.compile("^Motif"), "Déménagement")
    reader.uses("button", "Voir ce qui va se passer")
    reader.finds("heading", re.compile("reçoit 1 personne"))
    reader.uses("button", "Transférer")
    reader.is_on(re.compile("^Transfert"))
    reader.hears("1 personne transférée")

    reader.opens("/absences/")
    reader.uses("link", "Déclarer une absence", inside=main)
    today = timezone.localdate()
    reader.dates(re.compile("^Premier jour"), today + timedelta(days=1))
    reader.dates(re.compile("^Dernier jour"), today + timedelta(days=6))
    reader.uses("button", "Continuer")
    reader.is_told("répond")
    reader.chooses(re.compile(re.escape(str(colleague.adviser))), role="checkbox")
    reader.uses("button", "Continuer")
    reader.uses("button", "Enregistrer l'absence")
    reader.hears("L'absence est enregistrée")
    reader.ends()


def test_a_manager_reads_figures_imports_invites_and_sets(
    new_page: NewPage, server: object, tmp_path: Path, settings: Settings
) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"
    agency = AgencyFactory(name="Agence de la Gare")
    PortfolioFactory(agency=agency)
    path = tmp_path / "inscriptions.csv"
    path.write_bytes(as_file(registration(agency, nom="")).read())
    page = new_page()
    forgive(page, "422")
    step_inside(page, ManagerFactory().user)
    reader = Reader(page)
    main = page.get_by_role("main")

    reader.opens("/pilotage/")
    reader.uses("link", "7 derniers jours")
    reader.is_on("Pilotage")
    expect(reader.finds("link", "7 derniers jours")).to_have_attribute("aria-current", "true")
    reader.dates("Du", timezone.localdate() - timedelta(days=3))
    reader.uses("button", "Afficher")
    reader.is_on("Pilotage")

    reader.opens("/imports/")
    reader.uses("button", "Charger : Inscriptions")
    reader.is_told("fichier")
    reader.brings("Fichier des inscriptions", path)
    reader.uses("button", "Charger : Inscriptions")
    reader.is_on(re.compile("inscriptions$"))

    reader.opens("/equipes/")
    reader.uses("link", "Inviter un collègue", inside=main)
    reader.is_on("Inviter un collègue")
    reader.uses("button", "Envoyer l'invitation")
    reader.is_told("Prénom")
    reader.chooses("Conseiller")
    reader.writes("Prénom", "Maëlle")
    reader.writes("Nom", "Dupont")
    reader.writes(re.compile("^Adresse e-mail"), f"maelle.{agency.code.lower()}@exemple.fr")
    reader.picks(re.compile("^Agence"), re.compile(agency.name))
    reader.uses("button", "Envoyer l'invitation")
    reader.hears("Une invitation part à Maëlle Dupont")

    reader.opens("/reglages/plafonds/")
    reader.uses("button", "Fixer le plafond")
    reader.is_told("Personnes par portefeuille")
    reader.writes("Personnes par portefeuille, au plus", "260", role="spinbutton")
    reader.picks("Pour", "Tout le pays")
    reader.picks("Modalité", re.compile("100"))
    reader.dates("À partir du", timezone.localdate() + timedelta(days=10))
    reader.writes("Motif", "Moins de temps")
    reader.uses("button", "Fixer le plafond")
    reader.hears("260 à partir du")

    reader.opens(f"/reglages/agences/{agency.code}/")
    reader.dates(re.compile("^Jour d'ouverture"), timezone.localdate() + timedelta(days=20))
    reader.uses("button", "Voir qui est concerné")
    reader.uses("button", "Confirmer")
    reader.hears("ouverture du 100")
    reader.ends()


def test_two_people_meet_in_the_room_and_write(new_page: NewPage, server: object) -> None:
    interview = InterviewFactory()
    pages = new_page(width=390, height=844), new_page()
    person, adviser = (Reader(page) for page in pages)
    step_inside(pages[0], interview.jobseeker.user)
    person.opens(f"/visio/{interview.token}/")
    expect(pages[0].get_by_role("status").filter(has_text="n'est pas encore dans la salle")).to_be_visible()
    step_inside(pages[1], interview.adviser.user)
    adviser.opens(f"/visio/{interview.token}/")
    adviser.hears("attend")
    person.hears("Vous êtes dans la salle d'attente.")
    adviser.uses("button", "Faire entrer")
    for reader in (person, adviser):
        reader.hears("Vous êtes en conversation avec")
    adviser.is_told("Vous êtes en conversation avec", role="status")
    adviser.presses("m")
    adviser.hears("Micro coupé")
    person.hears("micro coupé")
    person.uses("button", "Lever la main")
    adviser.hears("lève la main")
    person.presses("e")
    person.is_at("textbox", "Votre message")
    person.writes("Votre message", "Je vous lis, mais je n'entends pas.")
    person.presses("Enter")
    person.hears("Envoyé")
    adviser.hears("1 nouveau message")
    adviser.uses("link", re.compile("^Continuer par écrit"))
    adviser.is_at("textbox", "Votre message")
    adviser.writes("Votre message", "Continuons par écrit.")
    adviser.presses("Enter")
    person.hears("Continuons par écrit.")
    adviser.uses("button", "Terminer l'appel")
    adviser.uses("button", "Terminer l'appel", inside=pages[1].get_by_role("dialog"))
    adviser.is_at("heading", "L'appel est terminé")
    for reader in (person, adviser):
        reader.ends()
