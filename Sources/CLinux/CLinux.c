#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// MARK: Sending and waiting

int cl_packet_socket(int interface_index) {
  // Protocol 0 receives nothing, so the socket never fills with frames that nobody reads.
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = interface_index};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int cl_send_batch(int socket, const uint8_t *frames, const cl_slice *slices, unsigned int count) {
  struct mmsghdr messages[64];
  struct iovec vectors[64];
  if (count > 64) count = 64;
  memset(messages, 0, count * sizeof messages[0]);
  for (unsigned int i = 0; i < count; i++) {
    vectors[i].iov_base = (void *)(frames + slices[i].offset);
    vectors[i].iov_len = slices[i].length;
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int sent = sendmmsg(socket, messages, count, 0);
  return sent < 0 ? -errno : sent;
}

int cl_keep_direction(int socket, int outgoing) {
  struct sock_filter code[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, outgoing ? 0 : 1, outgoing ? 1 : 0),
    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {.len = 4, .filter = code};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? -errno : 0;
}

int cl_poll(struct pollfd *descriptors, unsigned int count, int64_t nanoseconds) {
  struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
  int ready = ppoll(descriptors, count, nanoseconds < 0 ? NULL : &timeout, NULL);
  return ready < 0 ? -errno : ready;
}

int cl_pidfd_open(pid_t process) {
  int fd = (int)syscall(SYS_pidfd_open, process, 0);
  return fd < 0 ? -errno : fd;
}

int cl_pipe(int *reader, int *writer, int nonblocking) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  if (nonblocking) fcntl(ends[0], F_SETFL, O_NONBLOCK);
  *reader = ends[0];
  *writer = ends[1];
  return 0;
}

int cl_accept(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int cl_termination_signals(void) {
  /* A shell ignores SIGINT for what it starts in the background, and an ignored signal never reaches a signalfd. */
  signal(SIGINT, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (error) return -error;
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int cl_set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal) < 0 ? -errno : 0; }

// MARK: Interfaces

int cl_interface_names(char *buffer, size_t capacity) {
  struct if_nameindex *all = if_nameindex();
  if (!all) return -errno;
  size_t used = 0;
  for (struct if_nameindex *each = all; each->if_index; each++) {
    size_t length = strlen(each->if_name);
    if (used + length + 1 > capacity) break;
    memcpy(buffer + used, each->if_name, length);
    buffer[used + length] = '\n';
    used += length + 1;
  }
  if_freenameindex(all);
  return (int)used;
}

int cl_interface_index(const char *name) {
  unsigned int index = if_nametoindex(name);
  return index ? (int)index : -errno;
}

static int request(const char *name, unsigned long code, struct ifreq *ifr) {
  if (strlen(name) >= sizeof ifr->ifr_name) return -ENODEV;
  strcpy(ifr->ifr_name, name);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int result = ioctl(fd, code, ifr) < 0 ? -errno : 0;
  close(fd);
  return result;
}

static int flag(const char *name, int flag) {
  struct ifreq ifr = {0};
  int result = request(name, SIOCGIFFLAGS, &ifr);
  return result < 0 ? result : (ifr.ifr_flags & flag) != 0;
}

int cl_interface_is_up(const char *name) { return flag(name, IFF_UP); }

int cl_interface_is_running(const char *name) { return flag(name, IFF_RUNNING); }

int cl_interface_mtu(const char *name) {
  struct ifreq ifr = {0};
  int result = request(name, SIOCGIFMTU, &ifr);
  return result < 0 ? result : ifr.ifr_mtu;
}

int cl_interface_address(const char *name, uint64_t *address) {
  struct ifreq ifr = {0};
  int result = request(name, SIOCGIFHWADDR, &ifr);
  if (result < 0) return result;
  *address = 0;
  for (int i = 0; i < 6; i++) *address = *address << 8 | (uint8_t)ifr.ifr_hwaddr.sa_data[i];
  return 0;
}

static int set_up(const char *name) {
  struct ifreq ifr = {0};
  int result = request(name, SIOCGIFFLAGS, &ifr);
  if (result < 0) return result;
  ifr.ifr_flags |= IFF_UP;
  return request(name, SIOCSIFFLAGS, &ifr);
}

// MARK: Namespaces

static int write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int result = write(fd, text, strlen(text)) < 0 ? -errno : 0;
  close(fd);
  return result;
}

int cl_enter_network_namespace(const char **stage) {
  int result;
  if (unshare(CLONE_NEWNET) < 0) {
    if (errno != EPERM) {
      *stage = "unshare(CLONE_NEWNET)";
      return -errno;
    }
    char map[64];
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
      *stage = "unshare(CLONE_NEWUSER | CLONE_NEWNET)";
      return -errno;
    }
    // The kernel wants this before an unprivileged process may write a group map (user_namespaces(7)).
    result = write_file("/proc/self/setgroups", "deny");
    if (result < 0 && result != -ENOENT) {
      *stage = "/proc/self/setgroups";
      return result;
    }
    snprintf(map, sizeof map, "0 %u 1", user);
    if ((result = write_file("/proc/self/uid_map", map)) < 0) {
      *stage = "/proc/self/uid_map";
      return result;
    }
    snprintf(map, sizeof map, "0 %u 1", group);
    if ((result = write_file("/proc/self/gid_map", map)) < 0) {
      *stage = "/proc/self/gid_map";
      return result;
    }
  }
  if ((result = set_up("lo")) < 0) *stage = "setting the loopback up";
  return result;
}

typedef struct {
  struct nlmsghdr header;
  struct ifinfomsg link;
  char attributes[512];
} link_request;

static struct rtattr *add(link_request *message, unsigned short type, const void *data, size_t length) {
  struct rtattr *attribute = (struct rtattr *)((char *)message + NLMSG_ALIGN(message->header.nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = RTA_LENGTH(length);
  if (length) memcpy(RTA_DATA(attribute), data, length);
  message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  return attribute;
}

static void end(link_request *message, struct rtattr *nest) {
  nest->rta_len = (unsigned short)((char *)message + message->header.nlmsg_len - (char *)nest);
}

static void add_identity(link_request *message, const char *name, uint64_t address) {
  uint8_t octets[6];
  for (int i = 0; i < 6; i++) octets[i] = (uint8_t)(address >> (40 - 8 * i));
  add(message, IFLA_IFNAME, name, strlen(name) + 1);
  add(message, IFLA_ADDRESS, octets, sizeof octets);
}

int cl_make_pair(const char *name, uint64_t address, const char *peer_name, uint64_t peer_address, pid_t peer_process) {
  if (strlen(name) >= IFNAMSIZ || strlen(peer_name) >= IFNAMSIZ) return -ENAMETOOLONG;
  link_request message = {
    .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
               .nlmsg_type = RTM_NEWLINK,
               .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK}};
  uint32_t process = peer_process ? (uint32_t)peer_process : (uint32_t)syscall(SYS_gettid);
  struct ifinfomsg peer_link = {0};
  add_identity(&message, name, address);
  struct rtattr *information = add(&message, IFLA_LINKINFO, NULL, 0);
  add(&message, IFLA_INFO_KIND, "veth", 4);
  struct rtattr *data = add(&message, IFLA_INFO_DATA, NULL, 0);
  struct rtattr *peer = add(&message, VETH_INFO_PEER, &peer_link, sizeof peer_link);
  add_identity(&message, peer_name, peer_address);
  add(&message, IFLA_NET_NS_PID, &process, sizeof process);
  end(&message, peer);
  end(&message, data);
  end(&message, information);

  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -errno;
  int result = 0;
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[1024];
  } answer;
  if (send(fd, &message, message.header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
    result = -errno;
  else if (answer.header.nlmsg_type == NLMSG_ERROR)
    result = answer.error.error;
  close(fd);
  return result;
}

static int prepare_here(const char *name, const char **stage) {
  char path[128];
  *stage = "disable_ipv6";
  snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
  int result = write_file(path, "1");
  // A kernel without IPv6 has nothing to switch off.
  if (result < 0 && result != -ENOENT) return result;
  struct ethtool_value value = {.cmd = ETHTOOL_STXCSUM, .data = 0};
  struct ifreq ifr = {0};
  ifr.ifr_data = (char *)&value;
  *stage = "checksum offload off";
  result = request(name, SIOCETHTOOL, &ifr);
  if (result < 0 && result != -EOPNOTSUPP) return result;
  *stage = "setting it up";
  return set_up(name);
}

int cl_prepare_interface(pid_t process, const char *name, const char **stage) {
  char path[64];
  if (process == 0) return prepare_here(name, stage);
  int result, theirs = -1;
  *stage = "opening the namespaces";
  int ours = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (ours < 0) return -errno;
  snprintf(path, sizeof path, "/proc/%d/ns/net", process);
  theirs = open(path, O_RDONLY | O_CLOEXEC);
  if (theirs < 0) {
    result = -errno;
    close(ours);
    return result;
  }
  *stage = "entering the namespace";
  if (setns(theirs, CLONE_NEWNET) < 0) {
    result = -errno;
  } else {
    result = prepare_here(name, stage);
    if (setns(ours, CLONE_NEWNET) < 0) {
      result = -errno;
      *stage = "coming back from the namespace";
    }
  }
  close(ours);
  close(theirs);
  return result;
}

static const char *const spawn_stages[] = {"fork", "unshare(CLONE_NEWNET)", "the death signal", "the standard streams", "exec"};

pid_t cl_spawn(const char *program, char *const arguments[], int input, int output, int new_network, const char **stage) {
  extern char **environ;
  int report[2], failure[2] = {0, 0};
  *stage = "pipe";
  if (pipe2(report, O_CLOEXEC) < 0) return -errno;
  pid_t parent = getpid();
  *stage = spawn_stages[0];
  pid_t child = fork();
  if (child < 0) {
    int error = errno;
    close(report[0]);
    close(report[1]);
    return -error;
  }
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    failure[0] = 2;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
    if (getppid() != parent) _exit(127);
    failure[0] = 1;
    if (new_network && unshare(CLONE_NEWNET) < 0) goto failed;
    failure[0] = 3;
    if (input >= 0 && dup2(input, 0) < 0) goto failed;
    if (output >= 0 && dup2(output, 1) < 0) goto failed;
    failure[0] = 4;
    // 4: CLOSE_RANGE_CLOEXEC, so that the report pipe still works; an older kernel leaves it to each descriptor's own flag.
    syscall(SYS_close_range, 3u, ~0u, 4u);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(program, arguments, environ);
  failed:
    failure[1] = errno;
    ssize_t ignored = write(report[1], failure, sizeof failure);
    (void)ignored;
    _exit(127);
  }
  close(report[1]);
  ssize_t got;
  do got = read(report[0], failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  close(report[0]);
  if (got == sizeof failure) {
    waitpid(child, NULL, 0);
    *stage = spawn_stages[failure[0]];
    return -failure[1];
  }
  return child;
}
