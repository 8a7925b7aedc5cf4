"""RFC 9162 § 2.1 as it is written, by recursion over all leaves: slow, and independent of the code under test.

Beside it, the vectors of the Certificate Transparency reference implementation (transparency-dev/merkle,
proof/verify_test.go and testonly/constants.go; Apache-2.0), which check the recursion as well.
"""

from functools import cache
from hashlib import sha256

CT_ENTRIES = tuple(
    map(
        bytes.fromhex,
        ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
)
CT_ROOTS = tuple(
    map(
        bytes.fromhex,
        (
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ),
    )
)
CT_INCLUSION = {
    (0, 1): (),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
"""(index of the leaf, size of the tree) → proof."""
CT_CONSISTENCY = {
    (1, 1): (),
    (1, 8): CT_INCLUSION[0, 8],
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (6, 7): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
"""(old size, new size) → proof."""


def split(n):
    """k: the largest power of two that is less than n (§ 2.1.1)."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


class Reference:
    """The definitions of RFC 9162 over entries that are all at hand."""

    def __init__(self, entries):
        self.entries = tuple(entries)
        self.mth = cache(self._mth)

    def _mth(self, begin, end):
        """MTH(D[begin:end])."""
        if begin == end:
            return sha256(b"").digest()
        if end - begin == 1:
            return sha256(b"\x00" + self.entries[begin]).digest()
        k = split(end - begin)
        return sha256(b"\x01" + self.mth(begin, begin + k) + self.mth(begin + k, end)).digest()

    def root(self, size):
        return self.mth(0, size)

    def path(self, m, begin, end):
        """PATH(m, D[begin:end]) of § 2.1.3.1, m counted from begin."""
        if end - begin == 1:
            return ()
        k = split(end - begin)
        if m < k:
            return (*self.path(m, begin, begin + k), self.mth(begin + k, end))
        return (*self.path(m - k, begin + k, end), self.mth(begin, begin + k))

    def proof(self, m, n):
        """PROOF(m, D[0:n]) of § 2.1.4.1."""
        return self.subproof(m, 0, n, is_whole=True)

    def subproof(self, m, begin, end, *, is_whole):
        if m == end - begin:
            return () if is_whole else (self.mth(begin, end),)
        k = split(end - begin)
        if m <= k:
            return (*self.subproof(m, begin, begin + k, is_whole=is_whole), self.mth(begin + k, end))
        return (*self.subproof(m - k, begin + k, end, is_whole=False), self.mth(begin, begin + k))


CT = Reference(CT_ENTRIES)
LONG = Reference(f"entry {number}".encode() for number in range(1_200))
"""Longer than four tiles."""
