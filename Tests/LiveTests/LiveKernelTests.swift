import Foundation
import Link
import Security
import Testing
import Wire

/// ESP, Home Address option and type 2 routing header against a Linux kernel with Mobile IPv6, keys given by hand. What is right is what
/// that kernel says: what it hands to a raw socket, what it counts as refused, what it seals by itself.
@Suite(
  "a Linux kernel with Mobile IPv6", .serialized,
  .enabled(if: getuid() == 0, "needs root: the test's threads keep it from making a user namespace"),
  .enabled(if: UserModeLinux.isThere, "User Mode Linux is not installed (Debian's package user-mode-linux)"))
struct LiveKernelTests {
  @Test("as Home Agent it opens what our UE seals behind a Home Address option, and we open its answers behind a type 2 routing header")
  func homeAgent() async {
    await #expect(processExitsWith: .success) {
      try reporting {
        let peer = try UserModeLinux(Binding.homeAgent, neighbours: [Binding.careOf])
        for keys in KernelDialogue.suites() {
          var dialogue = try KernelDialogue(peer, keys, receives: .toHomeAgent, sends: [.toMobileNode, .toMobileNodeByOption])
          try dialogue.expectDelivered([.p5, .p4, .p3])
          try dialogue.expectRefusals(.p5, control: .p4)
          try dialogue.expectOpened([.p6, .p2, .p1c], .toMobileNode)
          try dialogue.expectOpened([.p1], .toMobileNodeByOption)
        }
      }
    }
  }

  @Test("as UE it opens what our Home Agent seals behind a type 2 routing header, and we open its answers behind a Home Address option")
  func userEquipment() async {
    await #expect(processExitsWith: .success) {
      try reporting {
        let peer = try UserModeLinux(Binding.careOf, neighbours: [Binding.homeAgent])
        try peer.ip(["addr add \(Binding.home)/128 dev vec0 home nodad"])
        for keys in KernelDialogue.suites() {
          var dialogue = try KernelDialogue(peer, keys, receives: .toMobileNode, sends: [.toHomeAgent])
          try dialogue.expectDelivered([.p6, .p2, .p1c])
          try dialogue.expectRefusals(.p2, control: .p6)
          try dialogue.expectOpened([.p5, .p4, .p3], .toHomeAgent)
        }
      }
    }
  }

  @Test("as UE it drops a Home Agent's Home Address option without a word, and takes it where a state says so")
  func option() async {
    await #expect(processExitsWith: .success) {
      try reporting {
        let peer = try UserModeLinux(Binding.careOf, neighbours: [Binding.homeAgent])
        try peer.ip(["addr add \(Binding.home)/128 dev vec0 home nodad"])
        for keys in KernelDialogue.suites() {
          var dialogue = try KernelDialogue(peer, keys, receives: .toMobileNode, sends: [])
          // The draft's packet has other addresses than the type 2 routing header's: another security association is to be for it.
          try dialogue.expectRefused(.p1, as: "XfrmInNoStates", control: .p2)
          dialogue = try KernelDialogue(peer, keys, receives: .toMobileNodeByOption, sends: [])
          try dialogue.expectDelivered([.p1])
        }
      }
    }
  }
}
