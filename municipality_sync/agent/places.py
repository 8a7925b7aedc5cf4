"""Where the lines of each person are in a file that nobody sorted: 24 bytes for a line, and each 宛名番号 once.

An extract of a hundred megabytes has half a million lines and more, of nearly as many people. So the lines of a person
form a chain of places, from the last back to the first, in three arrays; and nothing of what they say is kept.
"""

from array import array
from collections.abc import Iterator


class Places:
    """The places of everyone's lines, noted in the order of the file."""

    def __init__(self) -> None:
        self._chains: dict[str, int] = {}
        # Of each person the last link, from 1 on, and 0 when no line could be read; inverted (~) once one is faulty.
        self._numbers, self._offsets, self._before = array("Q", [0]), array("Q", [0]), array("Q", [0])

    def note(self, person: str, number: int, offset: int) -> None:
        """Note one more line of a person: its number, and where it begins."""
        chain = self._chains.get(person, 0)
        link = len(self._numbers)
        self._numbers.append(number)
        self._offsets.append(offset)
        self._before.append(chain if chain >= 0 else ~chain)
        self._chains[person] = link if chain >= 0 else ~link

    def note_faulty(self, person: str) -> None:
        """Note that some line of a person cannot be read."""
        chain = self._chains.get(person, 0)
        self._chains[person] = chain if chain < 0 else ~chain

    def people(self) -> Iterator[tuple[str, bool]]:
        """Yield everyone, in the order in which they first appear, and whether some line of theirs is faulty."""
        for person, chain in self._chains.items():
            yield person, chain < 0

    def of(self, person: str, most: int) -> list[tuple[int, int]]:
        """Return the number and place of the lines of a person, in the order of the file; the last ``most`` of them."""
        chain = self._chains[person]
        link = chain if chain >= 0 else ~chain
        found: list[tuple[int, int]] = []
        while link and len(found) < most:
            found.append((self._numbers[link], self._offsets[link]))
            link = self._before[link]
        return found[::-1]
