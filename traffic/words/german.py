"""German word lists."""

from traffic.words.language import Language, words

GERMAN = Language(
    code="de",
    domains=(
        words(
            """
            Sauerteig; Einkochen; Gusseisenpfannen; Fermentieren; Kaffeemühlen; Induktionsherde; Roggenbrot;
            Gewürzmischungen
            """
        ),
        words(
            """
            Nebenkosten; Mietkautionen; Tagesgeld; Abschreibungen; Umsatzsteuer; Rentenlücken; Wechselkurse;
            Skonto
            """
        ),
        words(
            """
            Photosynthese; Plattentektonik; Gezeiten; Supraleitung; Vogelzug; Bodenversauerung; Gletscher; Enzyme
            """
        ),
        words(
            """
            Binärbäume; Wettlaufsituationen; Datenbankindizes; Speicherbereinigung; Lastverteilung;
            reguläre Ausdrücke; Typinferenz; Zwischenspeicher
            """
        ),
        words(
            """
            die Hanse; der Buchdruck; Kanalbau; Zunftrecht; die Seidenstraße; Leuchttürme; frühe Eisenbahnen;
            Salzsteuern
            """
        ),
        words(
            """
            Probezeit; Elternzeit; Auskunftsrecht; Gewährleistung; Vorsorgevollmacht; Kündigungsfristen;
            Markenanmeldung; Lärmbeschwerden
            """
        ),
        words(
            """
            quadratische Gleichungen; bedingte Wahrscheinlichkeit; Primzahlen; Matrizen; Grenzwerte;
            Graphenfärbung; Restklassen; Vektorfelder
            """
        ),
    ),
    aspects=words(
        """
        die Geschichte; häufige Fehler; die Kosten; der Mechanismus; die Sicherheit; ein Rechenbeispiel;
        die Begriffe; Sonderfälle; regionale Unterschiede; die Wartung; die Messung; neuere Entwicklungen;
        Alternativen; die ersten Schritte; rechtliche Grenzen; verbreitete Irrtümer
        """
    ),
    audiences=words(
        """
        eine Schulklasse; neue Kollegen; skeptische Leser; Auszubildende; einen Ausschuss; meine Großmutter;
        Ingenieure; völlige Anfänger; eine Prüfung; das Support-Team
        """
    ),
    tasks=words(
        """
        Erkläre {a} beim Thema {s} für {u}.
        Formuliere {n} kurze Fragen zu {s} mit Antworten für {u}.
        Vergleiche zwei Sichtweisen auf {s} und achte dabei auf {a}.
        Nenne {n} Tatsachen zu {s}, die {a} betreffen.
        Schreibe eine Kurzinformation über {s} für {u} und gehe auf {a} ein.
        Fasse zusammen, was über {a} im Zusammenhang mit {s} bekannt ist.
        Mache aus den Grundlagen zu {s} eine Prüfliste mit {n} Punkten für {u}.
        Wäge Argumente für und gegen die üblichen Ratschläge zu {s} ab, besonders {a}.
        Erstelle ein Glossar mit {n} Begriffen zu {s} für {u}.
        Beschreibe einen realistischen Fall, in dem {a} bei {s} den Ausschlag gibt.
        Begründe gegenüber {u}, warum {s} schwieriger ist als gedacht.
        {s}: {n} Fragen mit Antworten zu {a}.
        {s} in {n} Sätzen, danach {a}, für {u}.
        """
    ),
    asks=words(
        """
        kurze Frage zu {s}, worauf muss ich achten?
        kannst du mir bei {s} helfen, {t} macht Probleme
        ist es normal, dass {s} {n} Tage dauert
        schreib {p} eine freundliche Nachricht wegen {t}, brauche ich bis morgen
        ich bin in {l} und brauche Rat zu {s}
        {p} meint, bei {s} geht es nur um {a}, stimmt das?
        bitte prüfe den Satz: "{p} kam mit {t} nach {l} und {v}"
        was kostet das ungefähr mit {s}
        hast du Ideen zu {a} bei {s}
        """
    ),
    follow_ups=words(
        """
        kürzer bitte; und warum?; was ist mit {a}; als Tabelle bitte; das hat nicht geklappt; noch {n} mehr;
        danke, jetzt der zweite Teil; einfacher formuliert; bist du sicher?; weiter
        """
    ),
    people=words(
        """
        Marta; Jonas; Frau Behrens; Herr Lindner; Aylin; Torben; Greta; der Vermieter; unsere Lehrerin;
        die Nachbarin; mein Bruder; der neue Kollege
        """
    ),
    places=words(
        """
        Lüneburg; Graz; Freiburg; Zwickau; Bregenz; Kiel; die Werkstatt; das Lager; Basel; Erfurt;
        das Büro im Norden; Husum
        """
    ),
    things=words(
        """
        Wasserkocher; Ordner; Akku; Umschlag; Sensor; Halterung; Notizbuch; Kabel; Paket; Lampe; Filter; Ausweis;
        Drucker; Router; Ventil; Kamera
        """
    ),
    happenings=words(
        """
        bat um Erstattung; änderte den Termin; fand einen Riss; unterschrieb das Formular; verpasste den Zug;
        vergaß das Passwort; verglich die Preise; rief im Büro an; wartete im Regen; zählte den Bestand
        """
    ),
    sentences=words(
        """
        {p} kam in {l} an, hatte {t} dabei und {v}.
        Nach {n} Tagen fehlte {t} noch immer, also {v} auch niemand mehr.
        Im Bericht über {s} steht {t} {n} Mal.
        Laut {p} hatte {s} damit wenig zu tun.
        Die Besprechung in {l} über {s} dauerte {n} Stunden.
        {p} hatte über {s} gelesen und {v}.
        Auf Seite {n} findet sich eine Notiz zu {s}.
        Die Lieferung ({t}) brauchte {n} Tage.
        """
    ),
    lead_ins=words(
        """
        Gestern:; Letzte Woche:; Am Dienstag:; Ehrlich gesagt:; Soweit ich weiß:; Kurz gesagt:; Übrigens:;
        Seit März:; Zuerst:; Später am Tag:; Seltsam:; Zur Sicherheit:; Heute früh:; Schon wieder:
        """
    ),
    openers=words(
        """
        Du bist {q} {r}.
        Antworte wie {q} {r}.
        Stell dir vor, du arbeitest als {r}.
        Übernimm die Rolle: {r}, {q}.
        Hilf mir als {q} {r}.
        Dies geht an {q} {r}.
        Schreibe, wie es {q} {r} täte.
        """
    ),
    roles=words(
        """
        Lektor; Tutorin; Beraterin; Bibliothekar; Analystin; Übersetzer; Prüferin; Ingenieur; Forscherin; Texter;
        Dozentin; Gutachter; Planer; Trainerin; Historiker
        """
    ),
    qualities=words(
        """
        sorgfältig als; geduldig als; erfahren als; freundlich als; knapp als; kritisch als; belesen als;
        praktisch als; neutral als; streng als; umsichtig als
        """
    ),
    demands=words(
        """
        Denke erst gründlich nach.; Sei vollständig und genau.; Wiederhole die Frage nicht.;
        Begründe jede Aussage.; Verwende einfache Wörter.; Sage, was unsicher ist.
        """
    ),
    formats=words(
        """
        Gib das Ergebnis als {f} aus, {w}.
        Antworte als {f}, {w}.
        Gewünscht: {f}, {w}.
        Schreibe {f}, {w}.
        """
    ),
    forms=words(
        """
        nummerierte Liste; Tabelle; JSON; YAML; kurze Absätze; einen Absatz; Stichpunkte; kurzen Brief; Dialog;
        Aktennotiz; Fragen und Antworten; Fließtext
        """
    ),
    manners=words(
        """
        ohne Einleitung; höchstens {n}00 Wörter; mit Zusammenfassung am Ende; möglichst einfach; Fachbegriffe fett;
        mit allen Zweifeln; ohne Beispiele; im Präsens; mit einem Gegenbeispiel; ohne Schlusswort; zum Ausdrucken
        """
    ),
    jobs=words(
        """
        Ordne den folgenden Text ein: Beschwerde, Frage, Lob oder Sonstiges:
        Fasse den Text in zwei Sätzen zusammen:
        Nenne alle Personen, Orte und Beträge aus dem Abschnitt:
        Übersetze ins Englische und behalte den Ton bei:
        Schreibe eine höfliche Antwort auf diese Nachricht:
        Bewerte die Stimmung von 1 bis 5, nur die Zahl:
        """
    ),
    reasoning=words(
        """
        Schreibe deinen gesamten Gedankengang aus, bevor du antwortest.;
        Zeige jeden Zwischenschritt, auch die verworfenen.; Lege zuerst alle Überlegungen offen und antworte dann.
        """
    ),
    example="Beispiel {n}\nAufgabe: {q}\nAntwort: {r}",
)
