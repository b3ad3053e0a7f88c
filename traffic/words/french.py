"""French word lists."""

from traffic.words.language import Language, words

FRENCH = Language(
    code="fr",
    domains=(
        words(
            """
            le levain; les légumineuses; l'affûtage des couteaux; les conserves; le café moulu;
            les poêles en fonte; le pain de seigle; les bouillons
            """
        ),
        words(
            """
            les intérêts composés; les dépôts de garantie; les fonds indiciels; les frais bancaires;
            l'amortissement; les taux de change; la paie; les retraites
            """
        ),
        words(
            """
            la photosynthèse; la tectonique des plaques; les marées; les enzymes; les supraconducteurs;
            les glaciers; la migration des oiseaux; les récifs
            """
        ),
        words(
            """
            les arbres binaires; les accès concurrents; les index de bases de données; les expressions régulières;
            la répartition de charge; les caches; l'inférence de types; les relances
            """
        ),
        words(
            """
            la Ligue hanséatique; l'imprimerie; les canaux; les corporations; les routes de la soie; les phares;
            les premiers chemins de fer; la gabelle
            """
        ),
        words(
            """
            la période d'essai; le congé parental; les garanties; les préavis; le dépôt de marque;
            les procurations; les litiges de voisinage; la protection des données
            """
        ),
        words(
            """
            les équations du second degré; les probabilités conditionnelles; les nombres premiers; les matrices;
            les limites; les graphes; les congruences; les champs de vecteurs
            """
        ),
    ),
    aspects=words(
        """
        l'histoire; les erreurs fréquentes; les coûts; le mécanisme; la sécurité; un exemple chiffré;
        le vocabulaire; les cas limites; l'entretien; la mesure; les autres solutions; les premiers pas;
        les idées reçues; les différences régionales
        """
    ),
    audiences=words(
        """
        une classe de lycée; un nouveau collègue; des lecteurs sceptiques; des apprentis; une commission;
        ma grand-mère; des ingénieurs; des débutants; un examen; le service client
        """
    ),
    tasks=words(
        """
        Explique {a} à propos de {s} pour {u}.
        Rédige {n} questions courtes sur {s}, avec les réponses, pour {u}.
        Compare deux points de vue sur {s} en tenant compte de ceci : {a}.
        Cite {n} faits sur {s} qui concernent {a}.
        Prépare une note d'une page sur {s} pour {u}, avec {a}.
        Résume ce que l'on sait sur {a} dans le contexte suivant : {s}.
        Fais des bases sur {s} une liste de {n} points pour {u}.
        Pèse le pour et le contre des conseils habituels sur {s}, puis {a}.
        Établis un glossaire de {n} termes sur {s} pour {u}.
        Décris un cas réaliste où {a} fait la différence, pour {s}.
        Montre à {u} pourquoi {s} est plus difficile qu'on ne croit.
        {s} : {n} questions avec réponses sur {a}.
        {s} en {n} phrases, puis {a}, pour {u}.
        """
    ),
    asks=words(
        """
        petite question sur {s}, que faut-il savoir ?
        tu peux m'aider avec {s} ? {t} pose problème
        c'est normal que {s} prenne {n} jours
        écris à {p} un message poli pour {t}, il me le faut demain
        je suis à {l} et je cherche un conseil sur {s}
        {p} dit que pour {s} tout dépend de ça : {a}, c'est vrai ?
        vérifie cette phrase : "{p} a apporté {t} à {l} et {v}"
        des idées sur {a} pour {s}
        """
    ),
    follow_ups=words(
        """
        plus court stp; et pourquoi ?; et {a} ?; mets-le dans un tableau; ça n'a pas marché; encore {n};
        merci, maintenant la suite; plus simplement; tu es sûr ?; continue
        """
    ),
    people=words(
        """
        Marthe; Joël; Lucie; Bruno; madame Ferrand; Samuel; Inès; le propriétaire; notre professeure; le voisin;
        ma sœur; le stagiaire
        """
    ),
    places=words(
        """
        Quimper; Annecy; Namur; Limoges; Fribourg; Arras; l'atelier; l'entrepôt; Sète; Colmar; le bureau nord;
        Rimouski
        """
    ),
    things=words(
        """
        la bouilloire; le classeur; la batterie; l'enveloppe; le capteur; le support; le carnet; le câble;
        le colis; la lampe; le filtre; l'imprimante; la vanne; l'appareil photo
        """
    ),
    happenings=words(
        """
        a demandé un remboursement; a changé l'horaire; a trouvé une fissure; a signé le formulaire;
        a raté le train; a oublié le mot de passe; a comparé les prix; a appelé le bureau; a attendu sous la pluie;
        a compté le stock
        """
    ),
    sentences=words(
        """
        {p} est arrivé à {l} avec {t} et {v}.
        Après {n} jours il manquait {t}, alors {p} {v}.
        Le rapport sur {s} mentionne {t} {n} fois.
        Selon {p}, {s} n'y était pour rien.
        La réunion à {l} sur {s} a duré {n} heures.
        {p} avait lu un texte sur {s} et {v}.
        À la page {n} on trouve une note sur {s}.
        La livraison ({t}) a pris {n} jours.
        """
    ),
    lead_ins=words(
        """
        Hier,; La semaine dernière,; Mardi,; Pour être honnête,; À ma connaissance,; En bref,; Au fait,;
        Depuis mars,; Au début,; Plus tard,; Bizarrement,; Pour mémoire,; Ce matin,; Encore une fois,
        """
    ),
    openers=words(
        """
        Tu es {r}, {q}.
        Réponds comme le ferait {r}.
        Imagine que tu travailles comme {r}.
        En tant que {r}, aide pour la tâche suivante.
        Ceci s'adresse à {r} {q}.
        Sois {r} pour cette fois.
        Prends le rôle de {r}, {q}.
        """
    ),
    roles=words(
        """
        éditrice; tuteur; consultante; bibliothécaire; analyste; traductrice; examinateur; ingénieure; chercheur;
        rédactrice; professeur; relectrice; planificateur; historienne
        """
    ),
    qualities=words(
        """
        avec soin; avec patience; avec expérience; avec rigueur; avec humour; en peu de mots; avec esprit critique;
        avec neutralité; avec calme
        """
    ),
    demands=words(
        """
        Réfléchis bien avant de répondre.; Sois complet et précis.; Ne répète pas la question.;
        Justifie chaque affirmation.; Emploie des mots simples.; Dis ce qui est incertain.
        """
    ),
    formats=words(
        """
        Donne le résultat sous forme de {f}, {w}.
        Réponds avec {f}, {w}.
        Je veux {f}, {w}.
        Écris {f}, {w}.
        """
    ),
    forms=words(
        """
        liste numérotée; tableau; JSON; YAML; paragraphes courts; paragraphe unique; puces; courte lettre;
        dialogue; note interne; questions et réponses; texte suivi
        """
    ),
    manners=words(
        """
        sans introduction; en {n}00 mots au plus; avec un résumé à la fin; avec des mots simples;
        les termes en gras; en nommant les doutes; sans exemples; au présent; avec un contre-exemple;
        sans formule de fin; à imprimer
        """
    ),
    jobs=words(
        """
        Classe le texte suivant : plainte, question, éloge ou autre :
        Résume le texte en deux phrases :
        Relève les noms, les lieux et les montants du passage :
        Traduis en anglais et garde le ton :
        Écris une réponse polie à ce message :
        Note le sentiment de 1 à 5, le chiffre seulement :
        """
    ),
    reasoning=words(
        """
        Écris tout ton raisonnement avant la réponse finale.; Montre chaque étape, même celles que tu rejettes.;
        Expose d'abord toutes tes considérations, puis réponds.
        """
    ),
    example="Exemple {n}\nTâche : {q}\nRéponse : {r}",
)
