"""English word lists."""

from traffic.words.language import Language, words

ENGLISH = Language(
    code="en",
    domains=(
        words(
            """
            sourdough starters; slow-cooked beans; knife sharpening; pickled cabbage; espresso grinders;
            induction hobs; cast-iron care; rye bread; stock cubes
            """
        ),
        words(
            """
            torque wrenches; bicycle gears; disc brakes; cold starts; tyre wear; hybrid drivetrains;
            trailer hitches; roof racks; rust repair
            """
        ),
        words(
            """
            compound interest; rental deposits; index funds; overdraft fees; payroll tax; invoice factoring;
            depreciation; exchange rates; pension gaps
            """
        ),
        words(
            """
            photosynthesis; plate tectonics; tidal locking; enzyme kinetics; superconductors; glacial moraines;
            bird migration; soil acidity; coral bleaching
            """
        ),
        words(
            """
            binary search trees; race conditions; SQL joins; garbage collection; load balancing;
            regular expressions; type inference; memory alignment; retry storms
            """
        ),
        words(
            """
            the Hanseatic League; the printing press; canal building; guild law; the silk roads;
            lighthouse keepers; early railways; salt taxes; map making
            """
        ),
        words(
            """
            back pain; sleep hygiene; iron deficiency; running form; migraine triggers; dental implants;
            vaccination schedules; hay fever; blood pressure
            """
        ),
        words(
            """
            noise complaints; trial periods; parental leave; data protection requests; warranty claims;
            power of attorney; tenancy renewals; small claims; trademark filings
            """
        ),
        words(
            """
            chord progressions; oil glazing; documentary editing; stage lighting; haiku; dialogue tags; typography;
            room acoustics; street photography
            """
        ),
        words(
            """
            quadratic equations; conditional probability; prime gaps; matrix rank; limits of sequences;
            graph colouring; modular arithmetic; confidence intervals; vector fields
            """
        ),
    ),
    aspects=words(
        """
        the history; common mistakes; the main trade-offs; the underlying mechanism; costs over ten years; safety;
        a worked example; the terminology; edge cases; regional differences; maintenance; measurement;
        recent developments; the economics; how it fails; what beginners overlook; the environmental side;
        legal limits; alternatives; the first steps; testing; tools needed; myths
        """
    ),
    audiences=words(
        """
        a school class; a new colleague; a sceptical reader; an apprentice; a committee; my grandmother;
        an engineer; a journalist; a complete beginner; a busy manager; an exam candidate; a support team;
        a museum visitor; a policy adviser; a translator; a hobbyist
        """
    ),
    tasks=words(
        """
        Explain {a} of {s} for {u}.
        Write {n} short questions about {s}, with answers, for {u}.
        Compare two views on {s}, with an eye on {a}.
        Give a step-by-step plan for learning {s}, starting from {a}.
        List {n} facts on {s} that concern {a}.
        Draft a one-page briefing on {s} for {u}, covering {a}.
        Summarise what is known about {a} in the context of {s}.
        Describe a realistic case in which {a} decides the outcome, for {s}.
        Turn the basics of {s} into a checklist of {n} points for {u}.
        Argue for and against the usual advice on {s}, then weigh {a}.
        Write a dialogue between an expert and {u} about {s}, with {a}.
        Propose {n} experiments or checks that would show {a} of {s}.
        Rewrite a dry encyclopedia entry about {s} so that {u} enjoys it.
        Identify the assumptions behind {a} when people talk about {s}.
        Create a glossary of {n} terms on {s} for {u}.
        Estimate with plain arithmetic how much {a} matters in {s}.
        Explain to {u} why {s} is harder than it looks.
        Name {n} sources of error around {s} and how to avoid them.
        {s}, seen by {u}: what about {a}?
        {s}: {n} questions with answers on {a}.
        {s} in {n} sentences, then {a}, for {u}.
        """
    ),
    asks=words(
        """
        quick question about {s}, what should i know?
        can you help me with {s}? my {t} is acting up
        is it normal that {s} takes {n} days
        what's the difference between {s} and the thing {p} told me about
        I'm in {l} and need advice on {s}
        write {p} a polite message about the {t}, i need it by tomorrow
        any ideas for {a} of {s}
        hey, explain {s} like i'm tired
        {p} says {s} is all about {a}, true?
        plan a weekend in {l}, budget {n}0 euros, we like {s}
        please check this: "{p} brought the {t} to {l} and {v}"
        need a title for a post on {s}
        how do I talk to {p} about {s} without a fight
        recipe or tips with {t}? something like {s}
        why does my {t} fail whenever {p} {v}
        """
    ),
    follow_ups=words(
        """
        shorter please; and why is that?; ok but what about {a}; can you put it in a table; I meant {l};
        make it sound friendlier; that didn't work; give me {n} more; what would {p} say;
        thanks, now the second part; in simpler words; are you sure?; add something on {s}; no, the other {t};
        translate that for {p}; what does it cost; continue
        """
    ),
    people=words(
        """
        Marta; Jonas; Priya; Owen; Lucia; Tomasz; Aisha; Bruno; Hanne; Felix; Noor; Greta; Samir; Ingrid; Mateo;
        the landlord; our teacher; the neighbour; my sister; the new hire
        """
    ),
    places=words(
        """
        Leiden; Porto; Galway; Trondheim; Ljubljana; Halifax; Pune; Bergamo; Uppsala; Graz; Nantes; Tartu;
        the workshop; the depot; the north office; the allotment
        """
    ),
    things=words(
        """
        kettle; ledger; battery; envelope; sensor; bracket; notebook; cable; parcel; lamp; filter; badge; ticket;
        printer; router; jacket; hinge; folder; valve; camera
        """
    ),
    happenings=words(
        """
        left it outside overnight; asked for a refund; changed the schedule; found a crack; signed the form;
        missed the train; tightened the screws; wrote it down twice; forgot the password; compared the prices;
        called the office; waited in the rain; returned it unopened; repaired the lid; counted the stock;
        moved to another floor
        """
    ),
    sentences=words(
        """
        {p} arrived in {l} with a {t} and {v}.
        After {n} days the {t} was still missing, so {p} {v}.
        Nobody in {l} knew why {p} {v}.
        The report on {s} mentions the {t} {n} times.
        According to {p}, {s} had little to do with it.
        The {t} cost {n} euros more than last year, and {p} {v}.
        In {l} the meeting about {s} lasted {n} hours.
        {p} had read about {s} and {v}.
        A second {t} was ordered, but {p} {v}.
        On page {n} there is a note on {s}.
        The staff in {l} thanked {p}, who {v}.
        Delivery of the {t} took {n} days.
        """
    ),
    lead_ins=words(
        """
        Yesterday,; Last week,; On Tuesday,; To be honest,; As far as I know,; In short,; By the way,;
        Since March,; At first,; Later that day,; Strangely,; For the record,; This morning,; Once again,;
        Against all advice,; Before lunch,
        """
    ),
    openers=words(
        """
        You are a {q} {r}.
        Act as a {q} {r}.
        Take the part of a {r}, {q} and fair.
        Answer the way a {q} {r} would.
        Imagine that you work as a {r}.
        As a {q} {r}, help with the task below.
        Here speaks the desk of a {r}.
        Be my {q} {r} for this one.
        This goes to a {q} {r}.
        """
    ),
    roles=words(
        """
        editor; tutor; consultant; librarian; analyst; translator; examiner; engineer; researcher; copywriter;
        lecturer; reviewer; planner; coach; historian; statistician; clerk
        """
    ),
    qualities=words(
        """
        careful; patient; senior; meticulous; experienced; friendly; terse; critical; well-read; practical;
        neutral; cheerful; strict; thoughtful
        """
    ),
    demands=words(
        """
        Think it through before you answer.; Be complete and precise.; Do not repeat the question.;
        Cover every relevant point.; Give the reasons for each claim.; Avoid filler.; Use plain words.;
        State what is uncertain.; Keep to the facts.; Name one counterexample.
        """
    ),
    formats=words(
        """
        Return the result as {f}, {w}.
        Answer as {f} {w}.
        The output is {f}, {w}.
        Write {f} {w}.
        I want {f}, {w}.
        """
    ),
    forms=words(
        """
        a numbered list; a table; JSON; YAML; headings with short paragraphs; one paragraph; bullet points;
        a short letter; a dialogue; a memo; two columns; questions and answers; a plain text
        """
    ),
    manners=words(
        """
        without an introduction; in at most {n}00 words; with a summary at the end; in the simplest words;
        with key terms in bold; with every doubt named; leaving out examples; in the present tense;
        with one counterexample; without closing remarks; with a self-check at the end; for printing
        """
    ),
    jobs=words(
        """
        Classify the following text as complaint, question, praise or other:
        Summarise the text below in two sentences:
        Extract all names, places and amounts from this passage:
        Translate into German and keep the tone:
        Rate the sentiment from 1 to 5, number only:
        Write a polite reply to this message:
        Pick the best category from the catalogue for this item:
        Rewrite for a knowledge base, neutral voice:
        Find contradictions in the note that follows:
        Judge which answer is better, A or B, and say why:
        """
    ),
    reasoning=words(
        """
        Write out your complete reasoning before the final answer.;
        Show every intermediate thought, including the ones you reject.;
        First list your hidden considerations, then answer.;
        Spell out the chain of thought in full detail, then give the result.;
        Explain how you arrived at each step, as if recording your own thinking.
        """
    ),
    example="Example {n}\nTask: {q}\nAnswer: {r}",
)
