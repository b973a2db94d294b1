"""Common first and last names, from which people are invented."""

import unicodedata
from random import Random

from config.demonstration.logins import DOMAIN

WOMEN = """
Adèle Agathe Aïcha Alice Amandine Amélie Anaïs Andrée Anne Annick Aurélie Béatrice Bénédicte Brigitte Camille Carole
Caroline Catherine Cécile Céline Chantal Charlotte Chloé Christelle Christine Claire Clémence Coralie Corinne Delphine
Diane Élise Élodie Émilie Emma Estelle Eugénie Fanny Farida Fatima Florence Françoise Gaëlle Geneviève Hélène Inès
Isabelle Jacqueline Jeanne Jocelyne Joëlle Judith Julie Juliette Karine Khadija Laëtitia Laura Laurence Léa Leïla
Lucie Madeleine Manon Margaux Marguerite Marianne Marie Marion Martine Mathilde Mélanie Mireille Monique Muriel Nadège
Nadia Nathalie Nicole Noémie Océane Odile Pascale Patricia Pauline Rachida Sabrina Samira Sandrine Sarah Séverine
Simone Sophie Stéphanie Sylvie Thérèse Valérie Véronique Virginie Yasmine Yvette Zoé
""".split()  # noqa: SIM905

MEN = """
Adrien Alain Alexandre Alexis Ali André Antoine Arnaud Arthur Aurélien Baptiste Bastien Benjamin Benoît Bernard Bilal
Bruno Cédric Charles Christian Christophe Clément Cyril Damien Daniel David Denis Didier Dominique Édouard Émile Éric
Étienne Fabien Fabrice Farid Florian Franck François Frédéric Gabriel Gaël Gérard Gilles Grégory Guillaume Guy Hakim
Hervé Hugo Jacques Jamel Jean Jérémy Jérôme Joël Jonathan Jordan Joseph Julien Karim Kevin Laurent Léo Lionel Loïc
Louis Luc Lucas Ludovic Marc Marcel Mathieu Maxime Mehdi Michel Mickaël Mohamed Moussa Nathan Nicolas Noël Olivier
Pascal Patrice Patrick Paul Philippe Pierre Quentin Rachid Raphaël Raymond Régis Rémi René Richard Robert Roland
Romain Samir Sébastien Serge Simon Stéphane Sylvain Théo Thierry Thomas Tristan Victor Vincent Xavier Yann Yves
""".split()  # noqa: SIM905

LAST = """
Abadie Allard Andrieu Arnoux Aubert Aubin Auger Bailly Barbier Baron Barre Barthélemy Baudet Benali Benoist Berger
Bertin Besnard Besson Blanchard Blin Bodin Boivin Bonhomme Bonnet Bouchet Boudet Boulanger Bourdon Bourgeois Bouvier
Boyer Breton Brun Bruneau Brunet Camara Camus Carlier Caron Carpentier Carré Cartier Charpentier Chauvin Chevalier
Cissé Clément Cohen Colas Colin Collet Cordier Costa Coulibaly Courtois Cousin Dacosta Daniel Dauphin Delage Delattre
Delaunay Delmas Denis Descamps Deschamps Devaux Diallo Diarra Dubreuil Dufour Dumas Dumoulin Dupré Durieux Duval
Étienne Fabre Faivre Fauré Ferrand Ferreira Fleury Fontaine Foucher Fournel Gaillard Gallet Garnier Gaudin Gauthier
Gay Germain Gilbert Girault Godard Gomes Gonçalves Gosselin Goujon Grandjean Grenier Grosjean Guérin Guichard Guillet
Guillon Haddad Hamel Hamon Hardy Hébert Herbin Hervé Hoarau Hubert Huet Humbert Imbert Jacquet Jacob Jacquot Joly
Jourdan Julien Kaci Keita Klein Konaté Labbé Lacombe Lacroix Lagarde Lambert Langlois Laporte Lasserre Launay Lebrun
Leclercq Lecomte Ledoux Lefort Legendre Léger Legrand Lejeune Lemaître Lemoine Lenoir Leroux Lesage Levasseur Loiseau
Lopes Lucas Maillard Mallet Marchal Maréchal Marin Marty Masson Maurin Menard Mercadier Merle Meunier Meyer Millet
Monnier Morel Morin Moulin Muller Navarro Nguyen Noël Olivier Ollivier Pages Parent Paris Payet Pelletier Peltier
Pereira Perret Perrot Philippe Pichon Pineau Poirier Pons Poulain Prévost Prigent Pruvost Rahmani Raynaud Regnier
Renaud Renault Rey Ribeiro Rivière Rocher Roger Rolland Rossi Rousset Royer Sabatier Salmon Saunier Sauvage Schmitt
Sidibé Simonet Tanguy Tessier Texier Thibault Touré Traoré Valentin Vallet Vasseur Verdier Vidal Vincent Vogel Voisin
Wagner Weber Weiss Ziegler
""".split()  # noqa: SIM905


def ascii_name(name: str) -> str:
    """Return a name as it stands in an address: lower case, without accents or spaces."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", "-").replace("'", "")


class NameBook:
    """Invents people: civility, first and last name, and an address that nobody else has."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.taken: set[str] = set()

    def draw(self) -> tuple[str, str, str]:
        """Return civility, first name and last name."""
        woman = self.rng.random() < 0.52
        return "Mme" if woman else "M.", self.rng.choice(WOMEN if woman else MEN), self.rng.choice(LAST)

    def address(self, first_name: str, last_name: str) -> str:
        """Return an e-mail address; a namesake gets a number."""
        stem = f"{ascii_name(first_name)}.{ascii_name(last_name)}"
        number = 1
        local = stem
        while local in self.taken:
            number += 1
            local = f"{stem}{number}"
        self.taken.add(local)
        return f"{local}@{DOMAIN}"
