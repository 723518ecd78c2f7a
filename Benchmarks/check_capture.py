#!/usr/bin/env python3
"""check_capture.py FILE FACTS: whether a capture of make_capture is what it says, by code that shares nothing with it.

Reads every Mobility Header and follows every conversation: the checksums, the encapsulation, and what RFC 6275, 5555 and 5846 ask of
BU, BA, BRI and BRA. Every conversation that is not right must be one that the maker broke, of the kind that it says (FACTS: its line).
Sums the noise of every fiftieth frame too. Exit status 1 when anything else is wrong.
"""
import collections, struct, sys

BU, BA, REVOCATION = 5, 6, 16
HOME_AGENT, V4_AGENT = bytes.fromhex("20010db8000a00000000000000000001"), bytes((192, 0, 2, 1))
Message = collections.namedtuple("Message", "time mh options source destination home carrier outer ports right")


def ones(data):
    if len(data) & 1: data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return total == 0xffff


def pseudo(source, destination, protocol, data):
    if len(source) == 16: return source + destination + struct.pack("!II", len(data), protocol) + data
    return source + destination + struct.pack("!BBH", 0, protocol, len(data)) + data


def noise(ip):
    """None, or what is wrong with a packet that holds no Mobility Header."""
    if ip[0] >> 4 == 4:
        if not ones(ip[:20]): return "IPv4 checksum"
        return None if ones(pseudo(ip[12:16], ip[16:20], ip[9], ip[20:])) else f"checksum of protocol {ip[9]}"
    return None if ones(pseudo(ip[8:24], ip[24:40], ip[6], ip[40:])) else f"checksum of next header {ip[6]}"


def mobility(time, ip):
    """The Mobility Header of a packet, None where there is none."""
    outer = ports = None
    if ip[0] >> 4 == 4:
        if ip[9] != 17 or 4191 not in struct.unpack("!HH", ip[20:24]): return None
        if noise(ip) or struct.unpack("!H", ip[24:26])[0] != len(ip) - 20: raise ValueError("outer IPv4 or UDP")
        outer, ports, ip = (ip[12:16], ip[16:20]), struct.unpack("!HH", ip[20:24]), ip[28:]
    if ip[6] not in (43, 60, 135): return None
    if struct.unpack("!H", ip[4:6])[0] != len(ip) - 40: raise ValueError("IPv6 payload length")
    source, destination, home, carrier, mh = ip[8:24], ip[24:40], None, "inner", ip[40:]
    first, last = source, destination
    if ip[6] == 60:
        if mh[:8] != b"\x87\2\1\2\0\0\xc9\x10": raise ValueError("destination options")
        carrier, home, first, mh = "hao", mh[8:24], mh[8:24], mh[24:]
    if ip[6] == 43:
        if mh[:8] != b"\x87\2\2\1\0\0\0\0": raise ValueError("routing header")
        carrier, home, last, mh = "rh2", mh[8:24], mh[8:24], mh[24:]
    if mh[0] != 59 or (mh[1] + 1) * 8 != len(mh) or mh[3]: raise ValueError("Mobility Header")
    options, at = {}, 12
    while at < len(mh):
        kind = mh[at]
        if kind == 0: at += 1; continue
        data = mh[at + 2:at + 2 + mh[at + 1]]
        if kind == 1 and any(data): raise ValueError("padding")
        if kind != 1: options[kind] = (at, data)
        at += 2 + mh[at + 1]
    if at != len(mh): raise ValueError("options")
    if home is None: home = source if destination == HOME_AGENT else destination
    return Message(time, mh, options, source, destination, home, carrier, outer, ports, ones(pseudo(first, last, 135, mh)))


class Binding:
    """What stands between one home address and the home agent, and what is wrong in the conversation that runs."""

    def __init__(self):
        self.update = self.indication = self.last = None
        self.bound, self.bri_sequence, self.started, self.faults = False, -1, 0, set()

    def way(self, m, up):
        """Whether m travels as the last BU did, or back."""
        b = self.last
        if b is None or m.carrier != ("inner" if b.outer else "hao" if up else "rh2"): return False
        if b.outer: return (m.outer, m.ports) == ((b.outer, b.ports) if up else (b.outer[::-1], b.ports[::-1]))
        return (m.source, m.destination) == ((b.source, HOME_AGENT) if up else (HOME_AGENT, b.source))

    def take(self, m):
        word = lambda at: struct.unpack("!H", m.mh[at:at + 2])[0]
        wrong = self.faults.add
        if not m.right: wrong("bra-checksum" if m.mh[2] == REVOCATION and m.mh[6] == 2 else "checksum")
        if m.mh[2] == BU: self.bu(m, word(6), word(10), wrong)
        elif m.mh[2] == BA: self.ba(m, word(8), word(10), wrong)
        elif m.mh[6] == 1: self.bri(m, word(8), wrong)
        else: self.bra(m, word(8), wrong)

    def bu(self, m, sequence, lifetime, wrong):
        if self.update: wrong("ba-missing")
        if self.indication: wrong("bra-missing")
        if lifetime: self.close(); wrong = self.faults.add  # a registration opens the next conversation
        if m.mh[8:10] != b"\xd0\0": wrong("bu-flags")  # A H K
        before = struct.unpack("!H", self.last.mh[6:8])[0] if self.last else None
        if before is not None and not 0 < (sequence - before) % 65536 < 32768: wrong("bu-sequence")
        if m.outer:
            if m.carrier != "inner" or m.outer[1] != V4_AGENT or m.ports[1] != 4191: wrong("bu-udp")
            if m.options != {32: (16, b"\0\0" + m.outer[0])}: wrong("bu-udp")
        elif m.carrier != "hao" or m.options != {3: (14, m.source)}: wrong("bu-native")
        if not lifetime and not self.bound: wrong("bu-unbound")
        if not lifetime and (m.source, m.outer, m.ports) != (self.last.source, self.last.outer, self.last.ports): wrong("bu-moved")
        self.last = self.update = m
        self.indication = None

    def ba(self, m, sequence, lifetime, wrong):
        asked, self.update = self.update, None
        if asked is None: wrong("ba-unasked"); return
        if m.time - asked.time > 1: wrong("ba-late")
        if m.mh[6] or m.mh[7] != 0x80: wrong("ba-status")
        if sequence != struct.unpack("!H", asked.mh[6:8])[0]: wrong("ba-sequence")
        if lifetime != struct.unpack("!H", asked.mh[10:12])[0]: wrong("ba-lifetime")
        if m.options != ({31: (12, b"\0\0\xff\xff\xff\xff")} if m.outer else {}): wrong("ba-options")
        if not self.way(m, False): wrong("ba-way")
        self.bound = asked.mh[10:12] != b"\0\0"

    def bri(self, m, sequence, wrong):
        if not self.bound or self.update or self.indication: wrong("bri-unbound")
        if m.mh[10] & 0x80: wrong("bri-p")
        if m.mh[10] & 0x7f or m.mh[11]: wrong("bri-flags")
        if m.mh[7] != 1: wrong("bri-trigger")
        if m.options: wrong("bri-option")
        if sequence <= self.bri_sequence: wrong("bri-sequence")
        if not self.way(m, False): wrong("bri-way")
        self.bri_sequence, self.indication = sequence, m

    def bra(self, m, sequence, wrong):
        asked, self.indication = self.indication, None
        if asked is None: wrong("bra-unasked"); return
        if m.time - asked.time > 1: wrong("bra-late")
        if m.mh[7] != (135 if asked.mh[10] & 0x80 else 0): wrong("bra-status")
        if m.mh[10:12] != asked.mh[10:12]: wrong("bra-flags")
        if sequence != struct.unpack("!H", asked.mh[8:10])[0]: wrong("bra-sequence")
        if m.options: wrong("bra-options")
        if not self.way(m, True): wrong("bra-way")
        self.bound = m.mh[7] != 0

    def close(self):
        """Counts the conversation that ends, and begins the next."""
        if self.started: ended[tuple(sorted(self.faults))] += 1
        self.started, self.faults, self.update, self.indication = self.started + 1, set(), None, None


ended = collections.Counter()


def main():
    path, facts = sys.argv[1], sys.argv[2].split()
    said = {k: int(v) for k, v in zip(facts[::2], facts[1::2]) if v.isdigit()}
    bindings, frames, headers, outstanding, problems = collections.defaultdict(Binding), 0, 0, {}, collections.Counter()
    with open(path, "rb") as file:
        file.read(24)
        while head := file.read(16):
            seconds, micro, size, _ = struct.unpack("<IIII", head)
            ip, frames = file.read(size)[14:], frames + 1
            try: m = mobility(seconds + micro / 1e6, ip)
            except ValueError as error: problems[f"malformed: {error}"] += 1; continue
            if m is None:
                wrong = noise(ip) if frames % 50 == 0 else None
                if wrong: problems[wrong] += 1
                continue
            headers += 1
            bindings[m.home].take(m)
            if m.mh[2] == REVOCATION and m.mh[6] == 1:  # no two outstanding with one sequence
                for s in [s for s, t in outstanding.items() if m.time - t > 1]: del outstanding[s]
                if m.mh[8:10] in outstanding: problems["two BRIs outstanding with one sequence"] += 1
                outstanding[m.mh[8:10]] = m.time
            elif m.mh[2] == REVOCATION: outstanding.pop(m.mh[8:10], None)
    for binding in bindings.values():
        if binding.update: binding.faults.add("ba-missing")
        if binding.indication: binding.faults.add("bra-missing")
        binding.close()
    if frames != said["frames"]: problems["frames"] += 1
    if headers != said["mh"]: problems["Mobility Headers"] += 1
    if sum(ended.values()) != said["conversations"]: problems[f"conversations {sum(ended.values())}"] += 1
    found = collections.Counter()
    for faults, count in ended.items():
        if len(faults) > 1: problems[f"conversations with {' and '.join(faults)}"] += count
        elif faults: found[faults[0]] += count
    made = {k: v for k, v in said.items() if k.startswith(("bra-", "bri-", "ba-")) and v}
    if dict(found) != made: problems[f"broken: {dict(found)}, the maker says {made}"] += 1
    for problem, count in problems.items(): print(f"{path}: {problem} ({count})", file=sys.stderr)
    print(f"{frames} frames, {headers} Mobility Headers, {sum(ended.values())} conversations: "
          f"{ended[()]} right, {sum(found.values())} broken")
    sys.exit(bool(problems))


main()
