"""What wiring makes by itself: ids."""

from uuid import RFC_4122, UUID

from registry.wiring import new_id


def test_ids_are_random_uuids_in_their_one_spelling():
    made = [new_id() for _ in range(1_000)]
    read = [UUID(one) for one in made]
    assert {(one.version, one.variant) for one in read} == {(4, RFC_4122)}
    assert [str(one) for one in read] == made
    assert len(set(made)) == len(made)
