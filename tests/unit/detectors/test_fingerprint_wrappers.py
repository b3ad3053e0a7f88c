"""What a wrapper with varying slots leaves in the sections, in whatever language it is written."""
# ruff: noqa: RUF001 - marks of other scripts are what is meant

import unicodedata
from collections.abc import Callable

import pytest

from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import (
    closing_id,
    exact_id,
    first_id,
    head_id,
    last_id,
    leads,
    marks_id,
    openers,
    opening_id,
    parse,
    skeleton_id,
    tail_id,
)

fingerprint = Fingerprinter(b"a key of some length").fingerprint

SLOTS = [
    "why is the sky blue?",
    "A train leaves Paris at 10:45, another one at 11. When do they meet",
    "def area(r):\n    return 3.14 * r ** 2",
    "初めて勉強する人のための本を教えてください。",
    "ok",
]

# Of each script: an instruction, two slots, and the marks between them, no space on either side.
SCRIPTS = {
    "Chinese": (
        "作为专家教师回答",
        "光是什么",
        "为何猫会打呼噜",
        "。｡︒：；！？．…‥︓︔︕︖︙︰﹒﹔﹕﹖﹗‼⁇⁈⁉‽】］:;!?.",
    ),
    "Japanese": ("専門家として答えてください", "光とは何ですか", "なぜ猫は喉を鳴らす", "。｡：；！？．…‥】］:;!?"),
    "Hindi": ("आप एक विशेषज्ञ शिक्षक हैं", "प्रकाश क्या है", "बिल्ली क्यों बोलती है", "।॥！？："),
    "Urdu": ("آپ ایک ماہر استاد ہیں", "روشنی کیا ہے", "بلی کیوں بولتی ہے", "۔؟؛"),
    "Arabic": ("أنت مدرس فيزياء صبور", "ما هو الضوء", "لماذا تخرخر القطط", "؟؛؞"),
    "Amharic": ("እርስዎ የፊዚክስ መምህር ነዎት", "ብርሃን ምንድን ነው", "ድመት ለምን ትጮኻለች", "።፤፥፦፧፨"),
    "Khmer": ("អ្នកជាគ្រូបង្រៀន", "ពន្លឺជាអ្វី", "ហេតុអ្វីឆ្មា", "។៕៖:!?"),
    "Burmese": ("သင်သည်ဆရာဖြစ်သည်", "အလင်းဆိုတာဘာလဲ", "ကြောင်ဘာကြောင့်", "။:!?"),
    "Thai": ("คุณเป็นครูฟิสิกส์", "แสงคืออะไร", "ทำไมแมวถึงร้อง", ":!?："),
    "Armenian": ("Դուք ֆիզիկայի ուսուցիչ եք", "ինչ է լույսը", "ինչու են կատուները", "։"),
    "Tibetan": ("ཁྱེད་རང་དགེ་རྒན་ཡིན", "འོད་ཅི་ཡིན", "ཞི་མི་ཅི་ཡིན", "།༎༏༐༑"),
    "Mongolian": ("ᠮᠣᠩᠭᠣᠯ ᠪᠠᠭᠰᠢ", "ᠭᠡᠷᠡᠯ ᠶᠠᠭᠤ", "ᠮᠤᠤᠷ ᠶᠠᠭᠠᠬᠢᠭᠠᠳ", "᠃᠄"),
    "Santali": ("ᱟᱢ ᱢᱟᱪᱮᱛ", "ᱢᱟᱨᱥᱟᱞ ᱪᱮᱫ", "ᱯᱩᱥᱤ ᱪᱮᱫᱟᱜ", "᱾᱿"),
    "Javanese": ("ꦒꦸꦫꦸ ꦥꦶꦤ꧀ꦠꦼꦂ", "ꦕꦲꦪ ꦲꦥ", "ꦏꦸꦕꦶꦁ ꦔꦥ", "꧉"),
    "Meitei": ("ꯑꯣꯖꯥ ꯑꯃ", "ꯃꯉꯥꯜ ꯀꯔꯤ", "ꯍꯧꯗꯣꯡ ꯀꯔꯤꯒꯤ", "꯫"),
    "Latin": ("Réponds en professeur", "what is light", "why do cats purr", "：；！？…‽\u2028\u2029"),
}

Section = Callable[[str], str]


def ids(section: Section, wrapper: str) -> set[str]:
    """Values of a section over a wrapper's prompts; ``{}`` is the slot, ``{n}`` a number."""
    return {section(fingerprint(wrapper.replace("{n}", str(i)).replace("{}", slot))) for i, slot in enumerate(SLOTS)}


@pytest.mark.parametrize(
    ("wrapper", "sections"),
    [
        ("You are a patient teacher of physics. {}", [head_id, opening_id, first_id]),
        ("You are a patient teacher of physics.\n\nQuestion: {}", [head_id, opening_id, first_id]),
        ("Follow the instruction: {}", [first_id]),
        ("There are {n} of us. {}", [opening_id, first_id]),
        ("Solve problem {n} of the list below with care: {}", [head_id, opening_id, first_id]),
        ("[task] {}\nGive the answer only", [closing_id, last_id]),
        ("{} reason carefully, then conclude.", [closing_id]),
        ("{}\n\nAnswer in the form of a table with {n} rows.", [closing_id, tail_id, last_id]),
        ("Tu es un professeur patient. {}\nRéponds en français.", [first_id, closing_id, last_id]),
        ("Du bist ein geduldiger Lehrer der Physik: {}\nBitte Schritt für Schritt.", [head_id, first_id, last_id]),
        (
            "你是一位有耐心的物理老师。{}\n请一步一步地回答。",
            [head_id, opening_id, first_id, closing_id, tail_id, last_id],
        ),
        ("あなたは物理の先生です。{}", [head_id, opening_id, first_id]),
        ("أنت مدرس فيزياء صبور. {}", [opening_id, first_id]),
        ("Ты терпеливый учитель физики. {}\nЖдём один ответ числом.", [opening_id, first_id, closing_id, last_id]),
        ("คุณเป็นครูฟิสิกส์ {}", [head_id, opening_id]),
    ],
)
def test_prompts_of_one_wrapper_land_together(wrapper: str, sections: list[Section]) -> None:
    """Slots of any length and script change none of the sections that see only the wrapper."""
    assert [len(ids(section, wrapper)) for section in sections] == [1] * len(sections)


def test_a_wrapper_in_other_letters_lands_together() -> None:
    """Sloppy copies of a wrapper, in other case and spacing, are the same wrapper."""
    copies = ["You are an expert in law. Go.", "YOU ARE AN EXPERT IN LAW. why?", "you  are an\texpert in law. 3"]

    assert len({head_id(fingerprint(copy)) for copy in copies}) == 1
    assert len({first_id(fingerprint(copy)) for copy in copies}) == 1


def test_few_shot_frames_have_one_skeleton_and_one_set_of_marks() -> None:
    """Labels around two examples show in the marks, whatever the examples say; the skeleton sees the first parts."""
    prompts = [
        f"Q: {a}\nA: {b}\nQ: {c}\nA:"
        for a, b, c in [
            ("name some colour", "blue", "name some animal"),
            ("list every city", "Rome", "list more words"),
        ]
    ]

    assert len({marks_id(fingerprint(prompt)) for prompt in prompts}) == 1
    assert len({skeleton_id(fingerprint(prompt)) for prompt in prompts}) == 1


def test_the_skeleton_masks_what_fills_slots() -> None:
    """Content words, runs of them and numbers are one part; function words and marks are themselves."""
    same = ["Write a poem about the ocean", "List 10 very small towns near", "Translate a text about the house"]
    skeletons = [skeleton_id(fingerprint(prompt)) for prompt in same]

    assert skeletons[0] == skeletons[2]
    assert skeletons[0] != skeletons[1]
    assert skeleton_id(fingerprint("Write a short poem about the ocean")) == skeletons[0]
    assert skeleton_id(fingerprint("Write a poem about my house")) != skeletons[0]


def test_other_wrappers_land_elsewhere() -> None:
    """Wrappers that differ in one of their first words share no template section that sees it."""
    one, other = "You are a patient teacher. {}", "You are a strict teacher. {}"

    for section in (head_id, opening_id, first_id):
        assert not ids(section, one) & ids(section, other)


def test_openers_are_the_starts_of_sentences_lines_and_labels() -> None:
    """Each sentence, line and label gives its first two words, in order; one word where there is no second."""
    parts = ["You are", "Customer", "find the", "Be brief"]
    alone = [openers(fingerprint(part))[0] for part in parts]

    assert openers(fingerprint("You are an expert.\nCustomer: find the best bike! Be brief.")) == alone


def test_leads_are_what_the_first_sentence_would_open_with_further_on() -> None:
    """From each of its later words on, as the rest of it alone would open; other sentences have none."""
    words = ["please", "tell", "me", "what", "rust", "is"]
    rest = [openers(fingerprint(" ".join(words[n:])))[0] for n in range(1, len(words))]

    assert leads(fingerprint("Please tell me what Rust is")) == rest
    assert leads(fingerprint("Please tell me what Rust is. Be brief, name three crates.\nThanks: Ann")) == rest
    assert leads(fingerprint("Hello. Please tell me what Rust is.")) == []


@pytest.mark.parametrize("parts", [1, 8, 13, 14, 15, 16, 20])
def test_leads_take_the_room_that_openers_leave(parts: int) -> None:
    """All places but one that parts the two."""
    prompt = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen."
    found = fingerprint(prompt + " Go on." * (parts - 1))

    assert len(leads(found)) == max(0, 16 - parts - 1)
    assert len(openers(found)) == min(16, parts)


@pytest.mark.parametrize(
    ("instruction", "mark", "slots"),
    [
        pytest.param(instruction, mark, slots, id=f"{script} U+{ord(mark):04X}")
        for script, (instruction, *slots, marks) in SCRIPTS.items()
        for mark in marks
    ],
)
def test_the_marks_of_every_script_part_wrapper_and_slot(instruction: str, mark: str, slots: list[str]) -> None:
    """A mark ends the wrapper without a space behind it: wrapper and slot have the openers that each has alone."""
    prompts = [fingerprint(f"{instruction}{mark}{slot}") for slot in slots]
    own = [openers(fingerprint(part))[0] for part in (instruction, *slots)]

    assert own[1] != own[2]
    assert [openers(prompt) for prompt in prompts] == [[own[0], own[1]], [own[0], own[2]]]
    assert len({first_id(prompt) for prompt in prompts}) == 1


@pytest.mark.parametrize(
    "wrapper",
    [
        "Answer as an expert. **Question:** {}",
        "Answer as an expert. _Question:_ {}",
        "# Role\nExpert\n**Question:** {}\n**Answer:**",
        "Answer as an expert (be brief.) {}",
        'He said "Be brief." {}',
        "Sag: \u00bbKurz.\u00ab Fragen: \u201eNur das.\u201d {}",
        "Answer as an expert. <question>{}</question>",
        "<question>{}</question>",
        "<text>cats are nice</text>{}",
        "<rule>Be brief</rule><user-input>{}</user-input>",
    ],
)
def test_what_closes_emphasis_quotations_and_tags_parts_wrapper_and_slot(wrapper: str) -> None:
    """Between a mark and white space it hides the mark from nobody; a tag ends a part whatever follows."""
    for slot in ("What is heat made of?", "Nenne mir drei Fl\u00fcsse."):
        own = openers(fingerprint(slot))[0]

        assert own in openers(fingerprint(wrapper.format(slot)))


@pytest.mark.parametrize("code", ["vector<int>values", "a<b>c", "List<String>names", "x < y>z"])
def test_a_type_in_brackets_ends_nothing(code: str) -> None:
    """What stands behind a word, or is no name, is no tag."""
    assert len(openers(fingerprint(f"Explain {code} to me"))) == 1


def test_a_tag_makes_no_other_text() -> None:
    """The sign behind it is no part of the text."""
    assert exact_id(fingerprint("<b>Light</b> is fast")) == exact_id(fingerprint("<B>light</B>  is fast"))
    assert exact_id(fingerprint("<b>x")) != exact_id(fingerprint("<b> x"))


def test_two_ethiopic_word_spaces_end_a_sentence() -> None:
    """They are typed for a full stop; one alone only parts words."""
    assert len(openers(fingerprint("ሰላም ለሁሉም፡፡ብርሃን ምንድን"))) == 2
    assert openers(fingerprint("ሰላም፡ለሁሉም")) == openers(fingerprint("ሰላም ለሁሉም"))


@pytest.mark.parametrize("mark", "：！？；．…︰")
def test_a_mark_in_another_width_makes_no_other_text(mark: str) -> None:
    """Beside Han, full-width marks and the ASCII that stands for them give one exact id and the same openers."""
    wide = f"请回答{mark}光是什么"
    plain = unicodedata.normalize("NFKC", wide)

    assert plain != wide
    assert exact_id(fingerprint(plain)) == exact_id(fingerprint(wide))
    assert openers(fingerprint(plain)) == openers(fingerprint(wide))


@pytest.mark.parametrize("number", ["１２：３０", "12：30", "３．５", "１：２：３", "๑๒：๓๐", "12:30"])
def test_a_mark_inside_a_number_ends_nothing(number: str) -> None:
    """Times, ratios and decimals in full-width characters are one number, in a wrapper too."""
    seven = fingerprint("会议在7点开始")
    found = fingerprint(f"会议在{number}点开始")

    assert (openers(found), parse(found).words, head_id(found)) == (openers(seven), parse(seven).words, head_id(seven))
    assert openers(fingerprint(f"请回答：{number}点开始")) == openers(fingerprint("请回答：7点开始"))


def test_a_full_stop_before_the_ending_of_a_name_ends_nothing() -> None:
    """The name of a file may be written in any script."""
    assert len(openers(fingerprint("打开报告.pdf"))) == 1


@pytest.mark.parametrize("symbol", ["✦", "👉", "€", "→", "❤\ufe0f", "👉🏽", "\ufeff", "◆◆"])
def test_a_symbol_before_a_word_does_not_hide_it(symbol: str) -> None:
    """Words that begin with symbols are the words without them."""
    bare = fingerprint("what is light")
    found = fingerprint(f"{symbol}what {symbol}is {symbol}light")

    assert (head_id(found), tail_id(found), parse(found).words) == (head_id(bare), tail_id(bare), parse(bare).words)
    assert openers(found)


def test_sentences_after_symbols_have_openers() -> None:
    """A bullet in front of a sentence does not change what opens it."""
    bulleted, bare = "👉Explain light. 👉Why is it fast?", "Explain light. Why is it fast?"

    assert openers(fingerprint(bulleted)) == openers(fingerprint(bare))


def test_of_many_openers_both_ends_are_kept() -> None:
    """Of more sentences than there is room for, the first eight and the last eight are there."""
    sentences = [f"word{i} goes on." for i in range(30)]
    alone = [openers(fingerprint(sentence))[0] for sentence in sentences]

    assert openers(fingerprint(" ".join(sentences))) == alone[:8] + alone[-8:]


def test_sections_do_not_share_values() -> None:
    """The same words seen by two sections of a short prompt do not show as equal."""
    found = fingerprint("hello")
    sections = [opening_id, head_id, first_id, closing_id, tail_id, last_id]

    assert len({section(found) for section in sections}) == len(sections)
