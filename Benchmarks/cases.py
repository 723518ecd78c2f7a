#!/usr/bin/env python3
"""The mutated BRIs that every fuzzing peer sends: field boundary values, one field wrong at a time, with the outcomes that are right.

Outcomes: A<status> a BRA, B<status> a Binding Error, I<code> an ICMPv6 Parameter Problem, S silence; alternatives with '|'.
`cases.py COUNT` prints `name outcomes home-address sequence hex(from the IPv6 header)`: the list over and over, a fresh home address each.
"""
import socket, struct, sys

HA, COA = (socket.inet_pton(socket.AF_INET6, a) for a in ("2001:db8:a::1", "2001:db8:b::2"))
HOME = socket.inet_pton(socket.AF_INET6, "2001:db8:a::")
EDGE8 = (0, 1, 127, 128, 254, 255)


def fields():
    """(name, changes, outcomes): changes to the fields of a BRI that is right otherwise."""
    out = [("valid", {}, "A0")]
    add = lambda name, outcomes, **ch: out.append((name, ch, outcomes))
    for v in (0, 4, 17, 58, 60, 135, 255): add(f"mh.payload-proto={v}", "I0|S", proto=v)
    add("mh.header-len=0", "I0|S", hlen=0)
    for v in (2, 3, 127, 255): add(f"mh.header-len={v}", "S", hlen=v)
    for v in (8, 11, 15, 17, 23, 24, 127, 128, 254, 255): add(f"mh.type={v}", "B2", mhtype=v)
    for v in (1, 2, 127, 128, 255): add(f"mh.reserved={v}", "A0", reserved=v)
    for v in (0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff): add(f"mh.checksum={v:#x}", "S", checksum=v)
    for v in (0, 2, 3, 127, 128, 255): add(f"bri.type={v}", "S|B2" if v != 2 else "S", brtype=v)
    for v in range(8): add(f"bri.trigger={v}", "A0", trigger=v)
    for v in (8, 9, 11, 64, 127, 130, 249, 250, 255): add(f"bri.trigger={v}", "A133|A0", trigger=v)
    for v in (128, 129): add(f"bri.trigger={v}", "A134|A133|A0", trigger=v)
    for v in (0, 1, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff): add(f"bri.sequence={v:#x}", "A0", seq=v)
    for v in range(1, 8): add(f"bri.flags={v:03b}", "A135" if v & 4 else "A134|A0|A129" if v & 1 else "A129", flags=v << 13)
    for k in range(13): add(f"bri.reserved-bit-{k}", "A0", flags=1 << k)
    add("bri.reserved=all", "A0", flags=0x1fff)
    add("options=pad1x4", "A0", options=bytes(4))
    add("options=padn-nonzero", "A0", options=b"\1\2\xff\xff")
    add("options=unknown-200", "A0", options=b"\xc8\2\0\0")
    add("options=unknown-255", "A0", options=b"\xff\2\xff\xff")
    add("options=overrun", "S", options=b"\1\3\0\0")
    add("options=overrun-255", "S", options=b"\xc8\xff\0\0")
    add("options=30xpad1", "A0", options=bytes(28), hlen=4)
    add("options=v4-wrong", "A128", options=b"\x1d\6\x80\0\xc0\0\2\x63\1\2\0\0", hlen=2, flags=0x4000)
    for v in (0, 1, 3, 4, 127, 255): add(f"rh2.hdr-ext-len={v}", "S|I0", rhlen=v)
    for v in (0, 2, 127, 255): add(f"rh2.segments-left={v}", "S", segleft=v)
    add("rh.type=0", "I0|S", rhtype=0)
    for a in ("::", "ff02::1", "2001:db8:c::77", "2001:db8:a::1"): add(f"rh2.address={a}", "S", home=socket.inet_pton(socket.AF_INET6, a))
    for a in ("::", "ff02::1", "2001:db8:c::1"): add(f"ip.source={a}", "S", src=socket.inet_pton(socket.AF_INET6, a))
    for v in (EDGE8): add(f"ip.hop-limit={v}", "A0", hops=v)
    for v in (EDGE8): add(f"ip.traffic-class={v}", "A0", tc=v)
    return out


def checksum(data):
    if len(data) & 1: data += b"\0"
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def packet(ch, hoa, seq):
    g = ch.get
    home = g("home", HOME[:14] + struct.pack("!H", hoa)); src = g("src", HA)
    body = struct.pack("!BBHHH", g("brtype", 1), g("trigger", 1), g("seq", seq), g("flags", 0), 0)[:6] + g("options", b"\1\2\0\0")
    mh = struct.pack("!BBBBH", g("proto", 59), g("hlen", 1), g("mhtype", 16), g("reserved", 0), 0) + body
    pseudo = src + home + struct.pack("!II", len(mh), 135)
    c = checksum(pseudo + mh)
    if g("checksum") is not None:  # 0 and 0xffff sum alike
        c = ch["checksum"] if {ch["checksum"], c} - {0, 0xffff} and ch["checksum"] != c else c ^ 1
    mh = mh[:4] + struct.pack("!H", c) + mh[6:]
    rh = struct.pack("!BBBBI", 135, g("rhlen", 2), g("rhtype", 2), g("segleft", 1), 0) + home
    return struct.pack("!IHBB", 0x60000000 | g("tc", 0) << 20, len(rh) + len(mh), 43, g("hops", 64)) + src + COA + rh + mh


def stream(count, answered_only=False):
    """COUNT cases: (name, changes, outcomes, home address's low half, sequence)."""
    fs = [f for f in fields() if not (answered_only and f[2].startswith("S"))]
    for i in range(count):
        name, ch, outcomes = fs[i % len(fs)]
        yield name, ch, outcomes, 0x1000 + i % 16384, ch.get("seq", (i * 7 + 1) & 0xffff)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for name, ch, outcomes, hoa, seq in stream(int(sys.argv[1])):
            print(name, outcomes, f"{hoa:x}", f"{seq:x}", packet(ch, hoa, seq).hex())
    else:
        fs = fields()
        print(len(fs), "cases,", sum(f[2].startswith("S") for f in fs), "due to be silent or free to be")
