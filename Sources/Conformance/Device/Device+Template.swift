package import Judging

extension Device {
  /// A description to fill in: what stands in `<…>` is for whoever knows the device.
  package static func template(_ role: Role) -> String { role == .ha ? homeAgentTemplate : equipmentTemplate }

  private static let homeAgentTemplate = """
    # A Home Agent as the device; detachspec plays the UEs. Fill in what stands in <…>. docs/device.md explains every key.
    # `detachspec probe DEVICE.yaml` says how far the tester gets with it, `detachspec run DEVICE.yaml --dry-run` which cases apply.

    role: ha
    profile: rfc5846                          # what it speaks: rfc5846, or ts24303-0.4.1 (draft-muhanna-mext-binding-revocation-01)

    interfaces:                               # of this machine
      - { name: "<interface towards the Home Agent>", purpose: access }
      # - { name: "<interface on the link of the home addresses>", purpose: home }     # with tester.correspondent: shows forwarding

    device:
      home-agent: "<IPv6 address of the Home Agent>"
      # home-agent-ipv4: 192.0.2.1            # with tunnelling: udp or ipv4

    tester:                                   # addresses that detachspec may take for itself; none may be one of this machine's
      care-of: { first: "<first care-of address>", count: 8 }        # on the access link; IPv4 addresses with tunnelling
      # correspondent: "<an address on the link of the home addresses>"

    home-addresses: { first: "<first home address>", count: 8 }      # the Home Agent has to accept them; as many as care-of addresses

    tunnelling: native                        # native: IPv6. udp, ipv4: the UE is on an IPv4 access (RFC 5555)

    \(security(tester: "ue{n}.example.org", testerRemark: "{n} is the number of the home address, from 0 on", device: "ha.example.org"))

    hooks:                                    # how somebody makes the Home Agent revoke; also { command: [ssh, ha, revoke.sh] }
      revoke: { prompt: "Revoke {home-address} at the Home Agent" }

    ics:                                      # what the device is said to do
      revocation: yes
      retransmits-revocations: yes
      several-home-addresses: yes
      anti-replay: yes                        # an ESP packet that comes again is dropped; RFC 4303 lets a receiver not look
      # mobile-ipv6: no                       # then only its IKE SAs are judged

    # timers: { guard-time: 5 s, trigger-time: 30 s }

    """

  private static let equipmentTemplate = """
    # A UE as the device; detachspec plays the Home Agent. Fill in what stands in <…>. docs/device.md explains every key.
    # `detachspec probe DEVICE.yaml` says how far the tester gets with it, `detachspec run DEVICE.yaml --dry-run` which cases apply.

    role: ue
    profile: rfc5846                          # what it speaks: rfc5846, or ts24303-0.4.1 (draft-muhanna-mext-binding-revocation-01)

    interfaces:                               # of this machine
      - { name: "<interface towards the UE>", purpose: access }

    device:
      care-of: "<address of the UE on the access link>"               # an IPv4 address with tunnelling

    tester:                                   # addresses that detachspec takes for itself; none may be one of this machine's
      home-agent: "<IPv6 address of the Home Agent that the UE is configured with>"
      # home-agent-ipv4: 192.0.2.1            # with tunnelling: udp or ipv4

    home-addresses: ["<home address of the UE>"]

    tunnelling: native                        # native: IPv6. udp, ipv4: the UE is on an IPv4 access (RFC 5555)

    \(security(tester: "ha.example.org", testerRemark: nil, device: "ue.example.org"))

    hooks:                                    # how somebody makes the UE attach and detach; also { command: [adb, shell, …] }
      register: { prompt: "Let the UE attach with {home-address}" }
      detach: { prompt: "Let the UE detach" }

    ics:                                      # what the device is said to do
      revocation: yes
      reattaches-by-itself: no
      anti-replay: yes                        # an ESP packet that comes again is dropped; RFC 4303 lets a receiver not look
      # mobile-ipv6: no                       # then only its IKE SAs are judged

    # timers: { guard-time: 5 s, trigger-time: 30 s }

    """

  private static func security(tester: String, testerRemark: String?, device: String) -> String {
    """
    security:                                 # or: none
      ikev2:
        tester: { identity: "<who the device takes the tester for, such as \(tester)>" }\(testerRemark.map { "    # \($0)" } ?? "")
        device: { identity: "<who the device says that it is, such as \(device)>" }
        shared-key: "<the secret, or 0x and octets in hexadecimal>"
        # By certificates instead: tester: { certificate: tester.pem, private-key: tester.key }, device: { authority: ca.pem }
        # By EAP-AKA, of the UE: usim: { key: "0x…", opc: "0x…" }
        # proposals: aes128-sha256-modp2048
        # child: { proposals: aes128-sha256 }
    """
  }
}
