// A seeded capture: make_capture FILE FRAMES [native|mix] [BROKEN] [SEED]
//   30 % Mobility Header conversations of 1,000 subscribers in RFC 5846 layout (BU BA, then BRI BRA or BU(0) BA), 70 % TCP, UDP, ICMPv6 noise.
//   Ethernet, whole frames, right checksums. native: all over IPv6; mix: every odd subscriber in UDP 4191 over IPv4.
//   BROKEN conversations in a thousand (0) are wrong in one place, so that a judge has something to find.
// On stdout what it holds, by message, encapsulation and breach, for readers to be held against.
#include "common.h"
typedef struct { double t; uint32_t conv; uint8_t kind, fault; } ev_t;  // kind 0-5 BU BA BRI BRA BU0 BA0, 6 noise
// What can be wrong with a conversation that revokes, then with one that deregisters.
enum { RIGHT, BRA_SEQUENCE, BRA_MISSING, BRI_P, BRI_TRIGGER, BRI_OPTION, BRA_STATUS, BRA_CHECKSUM, BA_MISSING, BA_SEQUENCE, BA_LIFETIME, FAULTS };
static const char *fault_names[] = {"", "bra-sequence", "bra-missing", "bri-p", "bri-trigger", "bri-option", "bra-status", "bra-checksum", "ba-missing", "ba-sequence", "ba-lifetime"};
static uint64_t rs; static uint64_t rnd(void) { rs ^= rs << 13; rs ^= rs >> 7; rs ^= rs << 17; return rs * 0x2545F4914F6CDD1DULL; }
static double uni(void) { return (double)(rnd() >> 11) / 9007199254740992.0; }
static int by_time(const void *a, const void *b) { double x = ((const ev_t *)a)->t, y = ((const ev_t *)b)->t; return x < y ? -1 : x > y; }
enum { SUBS = 1000 };
static uint8_t HAa[16], HOME[16], CARE[16];
static void store(uint8_t *at, uint16_t v) { memcpy(at, &v, 2); }
static int v4(uint8_t *ip, int proto, int total, const uint8_t *s, const uint8_t *d, unsigned id) {
  memset(ip, 0, 20); ip[0] = 0x45; put16(ip + 2, (unsigned)total); put16(ip + 4, id); ip[6] = proto == 17 ? 0 : 0x40; ip[8] = 64; ip[9] = (uint8_t)proto; memcpy(ip + 12, s, 4); memcpy(ip + 16, d, 4);
  store(ip + 10, (uint16_t)~fold(sum(ip, 20, 0))); return 20;
}
static void sum4(uint8_t *ip, uint8_t *p, int n, int at) {  // TCP or UDP over IPv4
  store(p + at, 0); uint16_t c = (uint16_t)~fold(sum(p, n, sum(ip + 12, 8, htons((uint16_t)n) + (uint64_t)htons(ip[9])))); if (!c && ip[9] == 17) c = 0xffff; store(p + at, c);
}
static int v6(uint8_t *ip, int nh, int plen, const uint8_t *s, const uint8_t *d, int hops) {
  memset(ip, 0, 40); ip[0] = 0x60; put16(ip + 4, (unsigned)plen); ip[6] = (uint8_t)nh; ip[7] = (uint8_t)hops; memcpy(ip + 8, s, 16); memcpy(ip + 24, d, 16); return 40;
}
static int mh_msg(uint8_t *m, int kind, unsigned seq, unsigned life, const uint8_t *care, const uint8_t *v4care) {  // without checksum; length
  switch (kind) {
  case 0: case 4:
    memcpy(m, "\x3b\3\5\0\0\0\0\0\xd0\0\0\0", 12); put16(m + 6, seq); put16(m + 10, kind ? 0 : life);
    if (!v4care) { memcpy(m + 12, "\1\0\3\x10", 4); memcpy(m + 16, care, 16); return 32; }
    m[1] = 2; memcpy(m + 12, "\1\2\0\0\x20\6\0\0", 8); memcpy(m + 20, v4care, 4); return 24;
  case 1: case 5:
    memcpy(m, "\x3b\1\6\0\0\0\0\x80\0\0\0\0\1\2\0\0", 16); put16(m + 8, seq); put16(m + 10, kind == 5 ? 0 : life); if (!v4care) return 16;
    m[1] = 2; memcpy(m + 12, "\x1f\6\0\0\xff\xff\xff\xff\1\2\0\0", 12); return 24;  // NAT Detection: none, no keepalive wanted
  default: memcpy(m, "\x3b\1\x10\0\0\0\1\1\0\0\0\0\1\2\0\0", 16); put16(m + 8, seq); if (kind == 3) { m[6] = 2; m[7] = 0; } return 16;
  }
}
// One place made wrong; the checksum is taken afterwards.
static void spoil(uint8_t *m, int kind, int fault) {
  if (kind == 2) {
    if (fault == BRI_P) m[10] |= 0x80;
    if (fault == BRI_TRIGGER) m[7] = 2;
    if (fault == BRI_OPTION) m[12] = 200;  // where the padding was
  }
  if (kind == 3) {
    if (fault == BRA_SEQUENCE) put16(m + 8, (be16(m + 8) + 1) & 0xffff);
    if (fault == BRA_STATUS) m[7] = 128;
    if (fault == BRI_P) { m[7] = 135; m[10] |= 0x80; }  // the right answer to it
  }
  if (kind == 5) {
    if (fault == BA_SEQUENCE) put16(m + 8, (be16(m + 8) + 1) & 0xffff);
    if (fault == BA_LIFETIME) put16(m + 10, 1);
  }
}
int main(int argc, char **argv) {
  if (argc < 3 || (argc > 3 && strcmp(argv[3], "native") && strcmp(argv[3], "mix"))) { fprintf(stderr, "make_capture FILE FRAMES [native|mix] [BROKEN] [SEED]\n"); return 64; }
  int mix = argc > 3 && *argv[3] == 'm', broken = argc > 4 ? atoi(argv[4]) : 0; uint64_t seed = argc > 5 ? strtoull(argv[5], 0, 0) : 1;
  long n = atol(argv[2]); rs = seed * 0x9E3779B97F4A7C15ULL | 1;
  addr(HA_TXT, HAa); addr("2001:db8:a::1000", HOME); addr("2001:db8:b::1000", CARE);
  long convs = n * 3 / 10 / 4, rounds = (convs + SUBS - 1) / SUBS; double D = 3600.0 / (double)rounds;
  ev_t *ev = malloc(sizeof *ev * (size_t)n); long k = 0, faults[FAULTS] = {0};
  for (long c = 0; c < convs; c++) {
    double t = ((double)(c / SUBS) + .05 + .3 * uni()) * D; int revoke = rnd() & 1, fault = RIGHT;
    uint64_t h = (seed * 2654435761U + (uint64_t)c + 1) * 0x9E3779B97F4A7C15ULL; h ^= h >> 29; h *= 0xBF58476D1CE4E5B9ULL; h ^= h >> 32;  // of its own: the rest stays as it is
    if ((int)(h % 1000) < broken) fault = revoke ? BRA_SEQUENCE + (int)(h / 1000 % (BA_MISSING - BRA_SEQUENCE)) : BA_MISSING + (int)(h / 1000 % (FAULTS - BA_MISSING));
    faults[fault]++; uint8_t f = (uint8_t)fault;
    ev[k++] = (ev_t){t, (uint32_t)c, 0, f}; ev[k++] = (ev_t){t + .003 + .03 * uni(), (uint32_t)c, 1, f};
    t += (.2 + .3 * uni()) * D; ev[k++] = (ev_t){t, (uint32_t)c, revoke ? 2 : 4, f}; t += .005 + .04 * uni();
    if (fault != BRA_MISSING && fault != BA_MISSING) ev[k++] = (ev_t){t, (uint32_t)c, revoke ? 3 : 5, f};
  }
  while (k < n) ev[k++] = (ev_t){3600 * uni(), (uint32_t)rnd(), 6, 0};
  qsort(ev, (size_t)n, sizeof *ev, by_time);
  FILE *o = fopen(argv[1], "wb"); if (!o) die(argv[1]);
  static char buf[1 << 22]; setvbuf(o, buf, _IOFBF, sizeof buf);
  uint32_t gh[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1}; fwrite(gh, 4, 6, o);
  static uint8_t pool[65536 + 2048]; for (size_t i = 0; i < sizeof pool; i += 8) { uint64_t x = rnd(); memcpy(pool + i, &x, 8); }
  long count[7][2] = {{0}}, noise[8] = {0}; unsigned long bytes = 0;
  for (long i = 0; i < n; i++) {
    uint8_t f[1600], *ip = f + 14; memcpy(f, "\2\0\0\0\0\x0b\2\0\0\0\0\x0a\x86\xdd", 14); int len; ev_t e = ev[i];
    if (e.kind < 6) {
      unsigned s = e.conv % SUBS, r = e.conv / SUBS; int up = e.kind == 0 || e.kind == 3 || e.kind == 4, udp = mix && s & 1;
      uint8_t hoa[16], care[16], v4ha[4] = {192, 0, 2, 1}, v4care[4] = {198, 51, (uint8_t)(100 + s / 250), (uint8_t)(1 + s % 250)};
      memcpy(hoa, HOME, 16); memcpy(care, CARE, 16); put16(hoa + 14, 0x1000 + s); put16(care + 14, 0x1000 + s); care[11] = (uint8_t)r;  // moves every round
      // Each direction has its own counter (BU; BRI), one step a message of that kind.
      unsigned bu = 2 * r + 1 + s * 7, seq = e.kind == 4 || e.kind == 5 ? bu + 1 : e.kind < 2 ? bu : r + 1 + s * 13;
      uint8_t m[64]; int l = mh_msg(m, e.kind, seq & 0xffff, 900, care, udp ? v4care : 0); spoil(m, e.kind, e.fault);
      if (up) { memcpy(f, "\2\0\0\0\0\x0a\2\0\0\0\0\x0b", 12); }
      store(m + 4, csum(up ? hoa : HAa, up ? HAa : hoa, MH, m, l)); if (e.kind == 3 && e.fault == BRA_CHECKSUM) m[5] ^= 0x55;
      if (udp) {
        f[12] = 8; f[13] = 0; v4(ip, 17, 20 + 8 + 40 + l, up ? v4care : v4ha, up ? v4ha : v4care, (unsigned)i & 0xffff);
        uint8_t *u = ip + 20; put16(u, up ? 40000 + s : 4191); put16(u + 2, up ? 4191 : 40000 + s); put16(u + 4, (unsigned)(48 + l));
        v6(u + 8, MH, l, up ? hoa : HAa, up ? HAa : hoa, 64); memcpy(u + 48, m, (size_t)l); sum4(ip, u, 48 + l, 6); len = 14 + 20 + 48 + l;
      } else {
        uint8_t *x = ip + v6(ip, up ? 60 : 43, 24 + l, up ? care : HAa, up ? HAa : care, 64);
        memcpy(x, up ? "\x87\2\1\2\0\0\xc9\x10" : "\x87\2\2\1\0\0\0\0", 8); memcpy(x + 8, hoa, 16); memcpy(x + 24, m, (size_t)l); len = 14 + 40 + 24 + l;
      }
      count[e.kind][udp]++;
    } else {  // sizes of a mobile gateway's mix: bare TCP acknowledgements, full segments, DNS, QUIC, ND and echo
      double u = uni(); int is6 = rnd() & 1, kind = u < .30 ? 0 : u < .55 ? 1 : u < .63 ? 2 : u < .75 ? 3 : u < .90 ? 4 : u < .96 ? 5 : 6;
      static const int pay[] = {0, 1448, 536, 60, 1232, 56, 24}; int p = pay[kind]; if (kind == 2 || kind == 3) p = (int)(p / 2 + (int)(rnd() % (unsigned)p));
      int icmp = kind >= 5, tcp = kind <= 2, h = tcp ? 32 : 8, proto = icmp ? 58 : tcp ? 6 : 17; if (icmp) is6 = 1;
      uint64_t x = rnd(); uint8_t s6[16], d6[16], s4[4] = {10, 20, (uint8_t)(x >> 8), (uint8_t)x}, d4[4] = {203, 0, 113, (uint8_t)(x >> 16)};
      if (is6 && tcp && p == 1448) p = 1428;
      memcpy(s6, CARE, 16); memcpy(d6, HAa, 16); s6[7] = 0x77; put16(s6 + 12, (unsigned)(x >> 24) & 0xffff); d6[5] = 0xcc; d6[15] = (uint8_t)(x >> 40);
      uint8_t *t = ip + (is6 ? v6(ip, proto, h + p, s6, d6, kind == 6 ? 255 : 64) : (f[12] = 8, f[13] = 0, v4(ip, proto, 20 + h + p, s4, d4, (unsigned)i & 0xffff)));
      memset(t, 0, (size_t)h); memcpy(t + h, pool + (x & 0xffff), (size_t)p);
      unsigned sp = 49152 + (unsigned)(x >> 44 & 0x3fff), dp = kind == 3 ? 53 : 443;
      if (tcp) { put16(t, sp); put16(t + 2, dp); put16(t + 4, (unsigned)(x >> 8) & 0xffff); put16(t + 8, (unsigned)(x >> 20) & 0xffff); t[12] = 0x80; t[13] = p ? 0x18 : 0x10; put16(t + 14, 501); memcpy(t + 20, "\1\1\x08\x0a", 4); put16(t + 26, (unsigned)i & 0xffff); }
      else if (!icmp) { put16(t, sp); put16(t + 2, dp); put16(t + 4, (unsigned)(8 + p)); }
      else if (kind == 5) { t[0] = x & 1 ? 128 : 129; put16(t + 4, 7); put16(t + 6, (unsigned)i & 0xffff); }
      else { t[0] = 135; memcpy(t + 8, d6, 16); memcpy(t + 24, "\1\1\2\0\0\0\0\x0a", 8); }
      int at = tcp ? 16 : icmp ? 2 : 6; store(t + at, 0);
      if (is6) { uint16_t c = csum(s6, d6, proto, t, h + p); if (!c && proto == 17) c = 0xffff; store(t + at, c); } else sum4(ip, t, h + p, at);
      len = (int)(t + h + p - f); noise[kind]++;
    }
    uint32_t ph[4] = {1790000000u + (uint32_t)e.t, (uint32_t)((e.t - (double)(long)e.t) * 1e6), (uint32_t)len, (uint32_t)len};
    fwrite(ph, 4, 4, o); fwrite(f, 1, (size_t)len, o); bytes += (unsigned)len;
  }
  if (fclose(o)) die("write");
  const char *names[] = {"BU", "BA", "BRI", "BRA", "BU0", "BA0"}; long mh = 0;
  printf("frames %ld bytes %lu", n, bytes); for (k = 0; k < 6; k++) { printf(" %s.native %ld %s.udp %ld", names[k], count[k][0], names[k], count[k][1]); mh += count[k][0] + count[k][1]; }
  printf(" mh %ld conversations %ld broken %ld", mh, convs, convs - faults[RIGHT]); for (k = 1; k < FAULTS; k++) printf(" %s %ld", fault_names[k], faults[k]);
  printf(" tcp %ld udp %ld icmp6 %ld\n", noise[0] + noise[1] + noise[2], noise[3] + noise[4], noise[5] + noise[6]); return 0;
}
