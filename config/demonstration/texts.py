"""What people of the demonstration say and write."""

from typing import Final

from accompaniment.enums import ContactNature, Initiator

P: Final = "person"
S: Final = "staff"

Exchange = tuple[tuple[str, str], ...]

EXCHANGES: tuple[Exchange, ...] = (
    (
        (P, "Bonjour, j'ai mis mon CV à jour. Est-ce que je vous l'envoie ici ?"),
        (S, "Bonjour, oui, dites-moi surtout ce que vous avez changé et nous le regarderons ensemble en visio."),
        (P, "J'ai ajouté mes deux derniers contrats et la formation de mars."),
        (S, "Parfait. Mettez la formation en haut : c'est ce que les employeurs cherchent en ce moment."),
    ),
    (
        (S, "Bonjour, une entreprise proche de chez vous recrute sur votre métier. L'annonce vous intéresse ?"),
        (P, "Oui, beaucoup ! Les horaires sont-ils de jour ?"),
        (S, "De jour, du lundi au vendredi. Candidatez avant vendredi et prévenez-moi, j'appuierai votre dossier."),
        (P, "C'est fait, je viens d'envoyer ma candidature."),
        (S, "Très bien, je les appelle demain matin."),
    ),
    (
        (P, "Bonjour, je n'ai pas eu de réponse à mes cinq dernières candidatures."),
        (S, "C'est décourageant, mais fréquent. Avez-vous relancé par téléphone ?"),
        (P, "Non, je n'ose pas trop."),
        (S, "Nous préparerons la relance ensemble à notre prochain entretien : trois phrases suffisent."),
    ),
    (
        (P, "La formation de remise à niveau en bureautique est-elle encore ouverte ?"),
        (S, "Oui, il reste des places pour la session du mois prochain. Je vous envoie le formulaire."),
        (P, "Merci, je le remplis ce soir."),
    ),
    (
        (P, "Bonjour, je serai en déplacement jeudi. Peut-on garder l'entretien par téléphone ?"),
        (S, "Bien sûr. Déplacez-le depuis « Rendez-vous » et choisissez le téléphone."),
        (P, "C'est fait, merci."),
    ),
    (
        (P, "J'ai passé un entretien ce matin, ça s'est plutôt bien passé."),
        (S, "Bravo ! Quand vous donnent-ils leur réponse ?"),
        (P, "Sous dix jours."),
        (S, "Envoyez un court message de remerciement dès aujourd'hui, cela compte."),
        (P, "Bonne idée, je le fais."),
    ),
    (
        (P, "Je ne comprends pas le courrier que j'ai reçu au sujet de mon allocation."),
        (S, "Quel en est l'objet, en haut à droite ?"),
        (P, "« Actualisation mensuelle »."),
        (S, "C'est un simple rappel : actualisez-vous avant le 15 et tout se poursuit."),
        (P, "Ouf, merci beaucoup !"),
    ),
    (
        (S, "Bonjour, où en êtes-vous de vos démarches auprès de l'atelier numérique ?"),
        (P, "C'est fait, première séance lundi."),
        (S, "Très bien. Racontez-moi comment cela s'est passé."),
    ),
    (
        (P, "Mon micro ne marchait pas au dernier test. Que dois-je faire ?"),
        (S, "Ouvrez la page de test et vérifiez que le navigateur a le droit d'utiliser le micro."),
        (P, "Ça marche maintenant, il était coupé dans les réglages."),
    ),
    (
        (P, "J'hésite entre deux offres : l'une est plus loin, l'autre moins bien payée."),
        (S, "Comptez le temps et le coût du trajet sur un mois, puis comparons."),
        (P, "Le trajet me coûterait 140 euros par mois."),
        (S, "Alors l'écart de salaire disparaît presque. Qu'en pensez-vous ?"),
        (P, "Je prends la plus proche. Merci de votre aide."),
    ),
    (
        (S, "Bonjour, pensez à ajouter votre permis de conduire à votre profil : trois offres le demandent."),
        (P, "C'est ajouté, merci."),
    ),
    (
        (P, "Pourrait-on se voir à l'agence la prochaine fois ? J'ai des papiers à vous montrer."),
        (S, "Bien sûr. Demandez-le depuis votre espace, je vous propose une date aujourd'hui."),
        (P, "Merci, c'est demandé."),
    ),
    (
        (P, "Bonjour, la réunion d'information sur la création d'entreprise est-elle obligatoire ?"),
        (S, "Non, elle est libre. Elle vaut le détour si votre projet se précise."),
        (P, "Alors je m'y inscris."),
        (S, "Très bien. Préparez vos trois questions les plus importantes."),
    ),
)

CLOSINGS: tuple[str, ...] = (
    "Avec plaisir, tenez-moi au courant.",
    "C'est noté, merci de me l'avoir dit.",
    "Très bien. À bientôt.",
    "Parfait, nous en reparlerons à notre prochain entretien.",
)

OPENINGS: tuple[str, ...] = (
    "Bonjour, avez-vous pu regarder ma lettre de motivation ?",
    "Bonjour, je voudrais savoir si ma formation est acceptée.",
    "J'ai une réponse positive pour un entretien d'embauche ! Pouvez-vous m'aider à le préparer ?",
    "Bonjour, je ne trouve plus l'annonce dont vous m'avez parlé.",
    "Mon contrat de deux jours compte-t-il dans l'actualisation ?",
    "Bonjour, faut-il vous envoyer l'attestation de mon dernier employeur ?",
    "Est-ce que l'aide à la mobilité couvre aussi le train ?",
    "Bonjour, je déménage le mois prochain. Que dois-je faire ?",
)

FOLLOW_UPS: tuple[str, ...] = (
    "Je reste disponible si vous avez besoin d'autre chose.",
    "C'est assez urgent, l'employeur attend ma réponse.",
    "Merci d'avance pour votre retour.",
)

CONCLUSIONS: tuple[str, ...] = (
    "Point sur les candidatures des quatre dernières semaines. CV revu, deux offres ciblées.",
    "Préparation d'un entretien d'embauche : présentation en deux minutes, questions sur l'expérience.",
    "Projet de formation confirmé. Dossier à déposer avant la fin du mois.",
    "Recherche élargie aux communes voisines, le permis est un atout. Trois entreprises à contacter.",
    "Vous hésitez entre deux métiers. Vous interrogez deux professionnels d'ici à notre prochain entretien.",
    "Relances faites, une réponse attendue. Lettre de motivation simplifiée.",
    "Retour sur l'atelier numérique : à l'aise avec l'envoi de candidatures en ligne.",
    "Mission courte acceptée. L'accompagnement continue au même rythme.",
)

SITUATIONS: tuple[str, ...] = (
    "Fin de contrat à durée déterminée. Recherche dans le même métier, mobile dans le département.",
    "Licenciement économique après six ans. Souhaite changer de secteur, formation envisagée.",
    "Sortie de formation. Première recherche, besoin d'appui sur le CV et l'entretien.",
    "Reprise d'activité après un congé parental. Disponible à temps partiel d'abord.",
    "Missions d'intérim régulières. Cherche un poste stable.",
)

REFUSALS: dict[str, str] = {
    "equipment": "Pas de webcam et connexion instable au domicile. À revoir après équipement.",
    "ease": "Préfère venir à l'agence : les démarches en ligne restent difficiles pour l'instant.",
    "needs_on_site": "Situation à suivre de près, des rendez-vous en agence sont nécessaires.",
    "tier": "La situation demande un suivi renforcé.",
    "not_wanted": "La personne a changé d'avis pendant l'entretien.",
}

FAILURES: tuple[str, ...] = (
    "Image figée, puis coupure de la connexion.",
    "Son inaudible malgré deux essais.",
    "La caméra n'a pas été reconnue.",
)

CALLBACK_COMMENTS: tuple[str, ...] = (
    "J'ai une question sur mon dossier, c'est plus simple de vive voix.",
    "Je voudrais préparer mon entretien d'embauche de la semaine prochaine.",
    "On me propose une formation, j'aimerais votre avis.",
    "",
)

CALLBACK_OUTCOMES: tuple[str, ...] = (
    "Réponse donnée au téléphone, rien à prévoir.",
    "Documents à envoyer par message.",
    "Entretien en visio proposé pour approfondir.",
)

WRITTEN_CALLBACKS: tuple[tuple[str, str], ...] = (
    ("Je ne peux pas téléphoner pendant mes horaires de travail.", "Réponse envoyée par message, avec les documents."),
    ("J'entends mal au téléphone, merci de m'écrire.", "Explication donnée par écrit, rien d'autre à prévoir."),
    ("", "Réponse écrite\u00a0: inscription à l'atelier confirmée."),
)
"""What people say who ask for an answer in writing, and what came of it."""

SIGNED_COMMENT = "Je suis sourd de naissance\u00a0: un interprète traduit notre appel."
"""What somebody says who is answered through a relay."""

NOTED_CONTACTS: tuple[tuple[ContactNature, Initiator, int | None, str], ...] = (
    (ContactNature.CALL, Initiator.PERSON, 10, "A appelé au sujet de son allocation. Orientation vers le bon service."),
    (ContactNature.CALL, Initiator.SERVICE, 5, "Rappel de l'échéance, la personne choisit un créneau aujourd'hui."),
    (ContactNature.VISIT, Initiator.PERSON, 20, "Passage à l'accueil pour déposer ses diplômes. Copies faites."),
    (ContactNature.LETTER, Initiator.SERVICE, None, "Courrier envoyé avec la liste des ateliers du trimestre."),
)
"""Contacts outside the service: nature, who began, minutes, and what was said."""

ON_SITE_COMMENTS: tuple[str, ...] = (
    "J'ai des documents originaux à vous montrer.",
    "Je préfère vous rencontrer une fois avant de continuer à distance.",
    "Ma connexion est en panne pour deux semaines.",
    "",
)

ON_SITE_ANSWERS: tuple[str, ...] = (
    "Rendez-vous à l'agence mardi à 10\u00a0h.",
    "Un rendez-vous à l'agence vous est proposé cette semaine.",
)

ROME_CODES: tuple[str, ...] = ("M1607", "N1103", "I1304", "K1302", "D1106", "G1602", "F1702", "M1203", "J1501", "K2204")

COMMUNES: dict[str, tuple[tuple[str, str], ...]] = {
    "67": (
        ("67000", "Strasbourg"),
        ("67300", "Schiltigheim"),
        ("67800", "Bischheim"),
        ("67400", "Illkirch-Graffenstaden"),
    ),
    "63": (("63000", "Clermont-Ferrand"), ("63170", "Aubière"), ("63800", "Cournon-d'Auvergne")),
    "76": (("76100", "Rouen"), ("76300", "Sotteville-lès-Rouen"), ("76140", "Le Petit-Quevilly")),
    "75": (("75019", "Paris"), ("75020", "Paris"), ("75018", "Paris")),
    "93": (("93100", "Montreuil"), ("93170", "Bagnolet"), ("93260", "Les Lilas")),
    "34": (("34080", "Montpellier"), ("34990", "Juvignac"), ("34170", "Castelnau-le-Lez")),
    "31": (("31200", "Toulouse"), ("31700", "Blagnac"), ("31140", "Aucamville")),
    "13": (("13004", "Marseille"), ("13005", "Marseille"), ("13012", "Marseille")),
    "06": (("06200", "Nice"), ("06700", "Saint-Laurent-du-Var"), ("06100", "Nice")),
    "35": (("35200", "Rennes"), ("35136", "Saint-Jacques-de-la-Lande")),
    "59": (("59800", "Lille"), ("59260", "Hellemmes"), ("59650", "Villeneuve-d'Ascq")),
    "974": (("97400", "Saint-Denis"), ("97438", "Sainte-Marie")),
}

NOTES = (
    "Préfère qu'on l'appelle par son prénom. Garde d'enfant le mercredi.",
    "Très autonome sur les candidatures ; à relancer surtout sur le réseau.",
    "Hésite entre deux métiers : revoir ensemble les débouchés au prochain entretien.",
    "Connexion parfois faible le soir : proposer le matin, ou le téléphone.",
)

OBJECTIVES = (
    (
        "Refaire son CV",
        ("Lister ses expériences", "Rédiger une première version", "L'envoyer à trois personnes pour avis"),
    ),
    ("Passer le permis", ("S'inscrire au code", "Réviser deux fois par semaine", "Demander l'aide au financement")),
    (
        "Changer de métier",
        ("Choisir deux métiers à découvrir", "Demander une immersion", "Comparer les formations de la région"),
    ),
    ("Préparer ses entretiens d'embauche", ("Écrire sa présentation", "S'entraîner en visio avec son conseiller")),
)

EXPLANATIONS = (
    "Mon fils était malade, je n'ai pas pu vous prévenir avant l'heure.",
    "Mon train a été supprimé et je n'avais pas de réseau. Je suis disponible toute la semaine prochaine.",
    "J'avais noté le lendemain. Je vous prie de m'excuser.",
)
