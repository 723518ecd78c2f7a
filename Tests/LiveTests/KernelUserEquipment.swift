/// A UE on this kernel's own stack: addresses, routes and names are the kernel's and the C library's, and what Mobile IPv6 adds is Python's.
enum KernelUserEquipment {
  /// What brings it up in a namespace of its own, from within the laboratory: `$ue` is its process, `inside` runs a command there. Its name
  /// servers are its own.
  ///
  /// The kernel has no Mobile IPv6: it would answer type 2 routing headers with errors, which a limit longer than anybody's life holds back.
  static let prelude = #"""
    trap 'DETACHSPEC_HOME_ADDRESS=:: python3 tell.py quit 2>/dev/null || true; kill $(jobs -p) 2>/dev/null || true' EXIT
    unshare -n -m sleep 120 &
    ue=$!
    while [ "$(readlink /proc/$ue/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done
    inside() { nsenter -t $ue -n -m env -C "$PWD" "$@"; }
    ip link set dev-access0 netns $ue
    inside sysctl -qw net.ipv6.conf.dev-access0.disable_ipv6=0 net.ipv6.icmp.ratelimit=600000
    echo 'nameserver 192.0.2.53' >resolv.conf
    inside mount --bind "$PWD/resolv.conf" /etc/resolv.conf
    inside ip link set lo up
    inside ip link set dev-access0 up

    """#

  /// `tell.py WORD` tells the UE, as a hook.
  static let tell = """
    import os, socket, sys

    device = socket.socket(socket.AF_UNIX)
    device.connect("control")
    device.sendall(f"{sys.argv[1]} {os.environ['DETACHSPEC_HOME_ADDRESS']}\\n".encode())
    assert device.makefile().readline() == "ok\\n"

    """

  /// `ue.py INTERFACE CONTROL`; then `register HOME`, `detach HOME` and `quit ::` on the Unix socket CONTROL.
  static let program = #"""
    #!/usr/bin/env python3
    """A UE on the kernel's own stack: it finds its Home Agent by name, binds from whatever address the kernel has, and answers revocations.

    ue.py INTERFACE CONTROL; then `register HOME` and `detach HOME` on the Unix socket CONTROL.
    """
    import os, select, socket, struct, sys

    interface, control = sys.argv[1:]
    bindings = {}


    def message(home, agent, kind, body):
        """A Mobility Header (RFC 6275 6.1.1) behind a Home Address option, padded to 8 octets."""
        missing = -(6 + len(body)) % 8
        body += bytes([1, missing - 2]) + bytes(missing - 2) if missing > 1 else bytes(missing)
        header = bytes([59, (6 + len(body)) // 8 - 1, kind, 0, 0, 0]) + body
        total = sum(struct.unpack(f"!{(40 + len(header)) // 2}H", home + agent + struct.pack("!II", len(header), 135) + header))
        while total >> 16:
            total = (total & 0xFFFF) + (total >> 16)
        return header[:4] + struct.pack("!H", ~total & 0xFFFF) + header[6:]


    def send(home, agent, kind, body):
        # The kernel chooses the care-of address, as it would for anybody.
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect((socket.inet_ntop(socket.AF_INET6, agent), 9))
            source = socket.inet_pton(socket.AF_INET6, probe.getsockname()[0])
        body = body(source)
        options = bytes([135, 2, 1, 2, 0, 0, 201, 16]) + home
        payload = options + message(home, agent, kind, body)
        packet = struct.pack("!IHBB", 6 << 28, len(payload), 60, 64) + source + agent + payload
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            raw.sendto(packet, (socket.inet_ntop(socket.AF_INET6, agent), 0))


    def update(home, lifetime):
        binding = bindings.setdefault(home, {"sequence": 4711})
        binding["sequence"] += 1
        name = socket.getaddrinfo("ha.example", None, socket.AF_INET6, socket.SOCK_DGRAM)[0][4][0]
        binding["agent"] = socket.inet_pton(socket.AF_INET6, name)
        # A and H; an Alternate Care-of Address option at 8n + 6.
        fixed = struct.pack("!HHH", binding["sequence"], 0xC000, lifetime)
        send(home, binding["agent"], 5, lambda source: fixed + b"\x01\x00\x03\x10" + source)


    listener = socket.socket(socket.AF_UNIX)
    listener.bind(control)
    listener.listen()
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD))
    packets.bind((interface, 0x86DD))
    print("ready", flush=True)
    while True:
        for ready in select.select([listener, packets], [], [])[0]:
            if ready is listener:
                client, _ = listener.accept()
                word, home = client.makefile().readline().split()
                if word == "quit":
                    sys.exit()
                update(socket.inet_pton(socket.AF_INET6, home), 150 if word == "register" else 0)
                client.sendall(b"ok\n")
                client.close()
                continue
            packet = packets.recv(2048)
            # A BRI of RFC 5846 6.1 in a type 2 routing header.
            if len(packet) >= 76 and packet[6] == 43 and packet[40] == 135 and packet[42] == 2 and packet[66] == 16 and packet[70] == 1:
                home, sequence = packet[48:64], packet[72:74]
                if home in bindings:
                    send(home, packet[8:24], 16, lambda _: b"\x02\x00" + sequence + b"\0\0")

    """#
}
