"""The places of lines: whatever order they come in, each person's own, and small."""

from hypothesis import given
from hypothesis import strategies as st

from municipality_sync.agent.places import Places

PEOPLE = st.sampled_from(["018", "026", "34", "0042"])


@given(st.lists(st.tuples(PEOPLE, st.booleans())))
def test_every_line_is_found_with_its_person_in_the_order_of_the_file(lines):
    places, expected, faulty = Places(), {}, set()
    for number, (person, is_faulty) in enumerate(lines, start=2):
        expected.setdefault(person, [])
        if is_faulty:
            faulty.add(person)
            places.note_faulty(person)
        else:
            expected[person].append((number, number * 100))
            places.note(person, number, number * 100)
    assert list(places.people()) == [(person, person in faulty) for person in expected]
    assert {person: places.of(person, 1000) for person in expected} == expected


def test_of_an_endless_history_no_more_than_asked_is_returned():
    places = Places()
    for number in range(2, 1000):
        places.note("018", number, number)
    assert places.of("018", 3) == [(997, 997), (998, 998), (999, 999)]
