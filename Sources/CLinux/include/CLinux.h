// What Swift cannot reach in Linux's C library: types that its Glibc module leaves out, functions with variable arguments, and the few
// sequences of system calls that must not be interrupted by anything of a language run time (what happens between fork and exec).
//
// Functions return 0 or a count on success and a negated errno on failure, unless they say otherwise.
#ifndef CLINUX_H
#define CLINUX_H

#include <linux/if_packet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <time.h>

/// The C streams; Swift refuses the globals because they are mutable.
static inline FILE *cl_stderr(void) { return stderr; }
static inline FILE *cl_stdout(void) { return stdout; }

/// Asks for memory that is read soon; an address that is nobody's does no harm.
static inline void cl_prefetch(const void *address) { __builtin_prefetch(address); }

/// Nanoseconds of `CLOCK_REALTIME`, the clock that stamps captured frames.
static inline int64_t cl_realtime(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// A stretch of a buffer that holds one frame.
typedef struct {
  uint32_t offset;
  uint32_t length;
} cl_slice;

/// A non-blocking packet socket that only sends, on the interface of this index. The descriptor, or a negated errno.
int cl_packet_socket(int interface_index);
/// Sends up to 64 frames by one `sendmmsg`. How many left; a negated errno if the first of them could not.
int cl_send_batch(int socket, const uint8_t *frames, const cl_slice *slices, unsigned int count);
/// Lets a packet socket receive only what this host sends, or only what it does not send.
int cl_keep_direction(int socket, int outgoing);
/// `ppoll` with a time-out in nanoseconds; negative waits for ever.
int cl_poll(struct pollfd *descriptors, unsigned int count, int64_t nanoseconds);
/// `pidfd_open`: a descriptor that becomes readable when the process ends.
int cl_pidfd_open(pid_t process);
/// `pipe2` with O_CLOEXEC: the reading end, which does not block if `nonblocking`, and the writing end.
int cl_pipe(int *reader, int *writer, int nonblocking);
/// `accept4`, non-blocking and closed on exec. The descriptor, or a negated errno.
int cl_accept(int listener);
/// A `signalfd` for SIGINT and SIGTERM, both blocked in the calling thread. Call it before any other thread exists.
int cl_termination_signals(void);
/// Sends the calling process `signal` when its parent dies.
int cl_set_parent_death_signal(int signal);

/// The names of all interfaces of this network namespace, each ended by a newline; how many octets were written.
int cl_interface_names(char *buffer, size_t capacity);
/// The index of an interface.
int cl_interface_index(const char *name);
/// 1 if the interface is up, 0 if not.
int cl_interface_is_up(const char *name);
/// 1 if the interface is up and something is at the other end of its cable, 0 if not.
int cl_interface_is_running(const char *name);
/// The maximum transmission unit: octets behind the Ethernet header.
int cl_interface_mtu(const char *name);
/// The hardware address, 48 bits in the low end, most significant octet first on the wire.
int cl_interface_address(const char *name, uint64_t *address);

/// Moves the calling process into a network namespace of its own, as an ordinary user within a user namespace of its own, and sets the
/// loopback up there. `*stage` becomes the name of the call that failed. An ordinary user must call it while there is one thread.
int cl_enter_network_namespace(const char **stage);
/// Makes a pair of virtual Ethernet interfaces; the peer stands in the network namespace of the process
/// `peer_process`; 0 is the calling thread.
int cl_make_pair(const char *name, uint64_t address, const char *peer_name, uint64_t peer_address, pid_t peer_process);
/// In the network namespace of `process` (0: the calling thread's): no IPv6 of the kernel's own on the interface, no checksum offload, up.
/// `*stage` becomes the name of the step that failed.
int cl_prepare_interface(pid_t process, const char *name, const char **stage);
/// Starts `program` with `input` and `output` as its standard streams (a negative one is inherited), in a process group of its own, with
/// every other descriptor closed and all signals open, killed when the calling thread ends, and in a fresh network namespace if
/// `new_network`. Returns the process after its exec succeeded. `*stage` becomes the name of the call that failed.
pid_t cl_spawn(const char *program, char *const arguments[], int input, int output, int new_network, const char **stage);

#endif
