"""Each kind shows the behaviour that it is named after."""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import groupby
from statistics import median

from tests.unit.traffic.runs import by_account, hours, run, some
from traffic.account import RELEASED_MODEL
from traffic.scenario import Refusals
from traffic.words.english import ENGLISH


def test_hydra_shards_one_list_without_repeats() -> None:
    """No instruction is sent twice, over all accounts, and each account stays within a normal user's range."""
    simulation, events = run(some("hydra", 20), days=8)
    daily = Counter((event["account_id"], event["occurred_at"][:10]) for event in events)

    assert len({event["prompt"] for event in events}) > 0.98 * len(events)
    assert len({event["account_id"] for event in events}) == 20
    assert median(daily.values()) < 30
    assert len(simulation.attack_events) == len(events)


def test_a_variation_sweep_is_one_prompt_with_varied_slots() -> None:
    """All prompts share the wrapper and the words of one task, hardly any is like another."""
    sweep = some("variation_sweep", 12)
    harvest = sweep.streams["harvest"]
    english = replace(harvest, content=replace(harvest.content, languages=("en",)))
    _, events = run(replace(sweep, streams={"harvest": english}))
    wrappers, items = zip(*(event["prompt"].split("\n\n")[:2] for event in events), strict=True)

    assert len(set(wrappers)) == 1
    assert len(set.intersection(*(set(item.split()) for item in items))) >= 3
    assert len(set(items)) > 0.95 * len(items)


def test_answers_are_collected_prompt_by_prompt() -> None:
    """Each prompt comes so often in a row, by one account, and then another one."""
    crew = some("hydra", 6)
    harvest = crew.streams["harvest"]
    collecting = replace(harvest, content=replace(harvest.content, answers=3))
    _, events = run(replace(crew, streams={"harvest": collecting}, refusals=Refusals(too_many=0, forbidden=0)))

    for own in by_account(events).values():
        runs = [len(list(same)) for _, same in groupby(event["prompt"] for event in own)]
        assert len(runs) > 5
        assert set(runs[:-1]) == {3}


def test_a_campaign_that_fails_over_lets_another_account_ask_again() -> None:
    """A refused prompt turns up at another account of the crew within a minute."""
    simulation, events = run(some("evasive_failover", 10), days=6)
    refused = [event for event in events if event["status_code"] in (429, 403)]
    again = 0
    for event in refused:
        later = [
            other for other in events
            if other["prompt"] == event["prompt"] and other["account_id"] != event["account_id"]
            and 0 < hours(simulation, other) - hours(simulation, event) < 1 / 60
        ]  # fmt: skip
        again += bool(later)

    assert len(refused) > 50
    assert again > 0.9 * len(refused)


def test_an_honest_router_fails_over_within_its_organisation() -> None:
    """Refused requests move between accounts of one organisation only."""
    _, events = run(some("failover_router", 6), days=4)
    owners: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event["status_code"] == 200:
            owners[event["organization_id"]].add(event["account_id"])

    assert sorted(map(len, owners.values())) == [3, 3]
    assert sum(event["status_code"] == 429 for event in events) > 0.03 * len(events)


def test_successors_take_over_when_accounts_end() -> None:
    """Accounts of a chain follow one another, share what paid for them, and overlap in nothing."""
    simulation, events = run(some("successors", 5), days=8)
    chains: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for own in by_account(events).values():
        chains[own[0]["payment_fingerprint"]].append((hours(simulation, own[0]), hours(simulation, own[-1])))

    assert len(chains) == 5
    for spans in chains.values():
        assert len(spans) == 4
        assert all(end < begin for (_, end), (begin, _) in zip(sorted(spans), sorted(spans)[1:], strict=False))


def test_a_migrated_key_goes_on_at_full_rate() -> None:
    """The new account starts when the old one stops, with the old one's wrapper and volume."""
    simulation, events = run(some("key_migration", 3), days=8)
    for organization in {event["organization_id"] for event in events}:
        accounts = by_account([event for event in events if event["organization_id"] == organization])
        old, new = sorted(accounts.values(), key=lambda own: hours(simulation, own[0]))

        assert hours(simulation, old[-1]) < 96 <= hours(simulation, new[0])
        assert hours(simulation, new[0]) < 108
        assert old[0]["prompt"].split("\n")[0] == new[0]["prompt"].split("\n")[0]
        assert len(new) > len(old) / 3


def test_everybody_adopts_a_release_in_time_but_pivoting_campaigns_within_a_day() -> None:
    """Of honest accounts few use a new model on its first day, of a pivoting campaign all."""
    simulation, events = run(some("casual_chat", 80), some("model_pivot", 10), days=9, release_day=4)
    first_use: dict[str, float] = {}
    for event in events:
        if event["model"] == RELEASED_MODEL:
            first_use.setdefault(event["account_id"], hours(simulation, event))
    within_a_day: Counter[str] = Counter(
        simulation.accounts[account_id][0] for account_id, at in first_use.items() if at < 5 * 24
    )

    assert min(first_use.values()) >= 4 * 24
    assert within_a_day["model_pivot"] >= 8
    assert within_a_day["casual_chat"] < 0.2 * 80


def test_retargeting_turns_all_accounts_at_once() -> None:
    """After the day, everybody asks about other subjects than anybody before, under the same wrapper."""
    campaign = some("retargeting", 12)
    harvest = campaign.streams["harvest"]
    english = replace(harvest, content=replace(harvest.content, languages=("en",)))
    simulation, events = run(replace(campaign, streams={"harvest": english}), days=8)
    seen: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    for event in events:
        is_after = hours(simulation, event) >= 4.5 * 24
        seen[is_after].update({s for domain in ENGLISH.domains for s in domain if s in event["prompt"]})
    before, after = ({subject for subject, _ in seen[part].most_common(6)} for part in (False, True))

    assert len({event["prompt"].split("\n")[0] for event in events}) == 1
    assert not before & after


def test_a_shared_credential_is_used_from_many_places_at_once() -> None:
    """One key, many networks, countries and clients."""
    _, events = run(some("credential_sharing", 1), days=6)

    assert len({event["api_key_id"] for event in events}) == 1
    assert len({event["client_ip"] for event in events}) > 30
    assert len({event["country"] for event in events}) > 4
    assert len({event["user_agent"] for event in events}) > 4


def test_continuous_use_has_no_idle_hour() -> None:
    """Round the clock, every hour of the day is used on most days."""
    simulation, events = run(some("round_the_clock", 1), days=7)
    used = {int(hours(simulation, event)) for event in events}
    span = max(used) - min(used) + 1

    assert len(used) > 0.9 * span


def test_no_ramp_begins_at_full_rate_on_the_first_day() -> None:
    """The account is hours old at its first request, and its first whole day is no weaker than later ones."""
    simulation, events = run(some("no_ramp", 1), days=8)
    daily = Counter(int((hours(simulation, event) - hours(simulation, events[0])) // 24) for event in events)

    assert events[0]["account_created_at"][:10] >= "2026-01-06"
    assert daily[0] > 0.6 * median(daily[day] for day in range(1, 5))


def test_a_slow_ramp_grows_every_week() -> None:
    """The second half of the time has at least twice the first half's requests."""
    simulation, events = run(some("slow_ramp", 3), days=14)

    assert sum(hours(simulation, event) >= 7 * 24 for event in events) > 2 * len(events) / 3


def test_stripped_metadata_leaves_neither_client_nor_payment() -> None:
    """Nothing of the client survives; tokens and times do."""
    _, events = run(some("stripped_metadata", 8), days=5)

    assert events
    for event in events:
        assert not event.keys() & {"user_agent", "device_fingerprint", "payment_fingerprint", "conversation_id"}
        assert event["input_tokens"] > 0


def test_a_reseller_mixes_harvesting_into_strangers_traffic() -> None:
    """About a third of the exchanges are labelled, on every account, with end users in both parts."""
    simulation, events = run(some("reseller_mix", 8), days=10)
    share = len(simulation.attack_events) / len(events)

    assert 0.15 < share < 0.45
    assert len(simulation.campaigns["reseller_mix-1"].accounts) == 8
    assert all("end_user_id" in event for event in events)


def test_reasoning_is_demanded_by_campaigns_and_by_learners() -> None:
    """Both sides ask for it and both get upstream labels: the label alone tells nothing."""
    _, campaign = run(some("reasoning_elicitation", 10), days=8)
    _, honest = run(some("learner", 10), days=8)

    assert 0.1 < sum("labels" in event for event in campaign) / len(campaign) < 0.5
    assert 0.03 < sum("labels" in event for event in honest) / len(honest) < 0.3


def test_a_class_shares_address_and_assignment() -> None:
    """A few addresses, a handful of questions, many accounts, for three days."""
    simulation, events = run(some("class", 30), days=9)

    assert len({event["client_ip"] for event in events}) <= 3
    assert len({event["account_id"] for event in events}) > 20
    assert max(Counter(event["prompt"] for event in events).values()) > 5
    assert all(72 <= hours(simulation, event) < 6 * 24 for event in events)


def test_a_launched_app_brings_new_accounts_with_one_wrapper_in_a_burst() -> None:
    """All accounts are created within the launch, and use the app's few wrapper texts."""
    _, events = run(some("launched_app", 30), days=9)
    created = {event["account_id"]: event["account_created_at"] for event in events}

    assert len(created) > 25
    assert min(created.values()) > "2026-01-07"
    assert len({event["prompt"].split("\n")[0] for event in events}) <= 6
    assert len({event["user_agent"] for event in events}) == 1


def test_a_viral_prompt_spreads_among_strangers_within_a_day() -> None:
    """Most accounts send nearly the same text once or twice between the fourth and the fifth day."""
    simulation, events = run(some("viral_prompt", 40), days=8)
    holders = defaultdict(set)
    for event in events:
        if 3.3 * 24 <= hours(simulation, event) <= 4.3 * 24:
            holders[event["prompt"].lower()[20:60]].add(event["account_id"])

    assert max(map(len, holders.values())) > 12


def test_ci_runners_use_one_key_over_many_addresses_with_the_same_prompts() -> None:
    """Many short-lived addresses, one client, few different prompts."""
    _, events = run(some("ci_runners", 4), days=8)

    for own in by_account(events).values():
        runs = len({event["occurred_at"][:13] for event in own})
        assert len({event["api_key_id"] for event in own}) == 1
        assert len({event["client_ip"] for event in own}) > runs / 4 > 2
        assert len({event["user_agent"] for event in own}) == 1
        assert len({event["prompt"] for event in own}) <= 30


def test_an_audit_trail_sends_the_days_prompts_again() -> None:
    """A good third of the requests are exact repeats of what the account sent before."""
    _, events = run(some("audit_trail", 1), days=10)

    assert 0.3 < 1 - len({event["prompt"] for event in events}) / len(events) < 0.7


def test_nightly_evaluations_repeat_their_prompts() -> None:
    """The same prompts come back night after night."""
    _, events = run(some("nightly_evaluation", 1), days=8)

    assert len({event["prompt"] for event in events}) <= 240 < len(events) / 3


def test_households_and_firms_share_payment() -> None:
    """Three in a household, all in a firm."""
    _, household = run(some("household", 9), days=8)
    _, firm = run(some("firm", 9), days=8)

    assert len({event["payment_fingerprint"] for event in household}) == 3
    assert len({event["payment_fingerprint"] for event in firm}) == 1


def test_colleagues_work_in_one_country_behind_one_address() -> None:
    """Eight of an organisation share address, country and payment; another organisation has its own."""
    _, events = run(some("work_chat", 16), days=8)
    offices = {(event["organization_id"], event["client_ip"], event["payment_fingerprint"]) for event in events}

    assert len(offices) == len({office[0] for office in offices}) == 2
    assert len({(event["organization_id"], event["country"]) for event in events}) == 2


def test_proxies_change_addresses_shared_with_strangers() -> None:
    """An account's addresses change with its sittings, and different accounts meet on the same ones."""
    _, events = run(some("privacy_proxy", 15), days=8)
    users = defaultdict(set)
    for event in events:
        users[event["client_ip"]].add(event["account_id"])

    assert max(len({event["client_ip"] for event in own}) for own in by_account(events).values()) > 5
    assert max(map(len, users.values())) > 3
