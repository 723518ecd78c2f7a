#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// Swift does not see a constant that is made of others.
static const unsigned long copenssl_rfc2253 = XN_FLAG_RFC2253;

// FIPS 186-2's generator wants SHA-1's compression function alone, without the padding; OpenSSL 3 has it under a deprecated name only.
static inline void copenssl_sha1_compress(const unsigned char block[64], unsigned char out[20]) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  SHA_CTX state;
  SHA1_Init(&state);
  SHA1_Transform(&state, block);
#pragma clang diagnostic pop
  unsigned int words[5] = {state.h0, state.h1, state.h2, state.h3, state.h4};
  for (int index = 0; index < 20; index++) out[index] = (unsigned char)(words[index / 4] >> (24 - 8 * (index % 4)));
}

// A parameter keeps pointers to its name and value; in C both outlive the call.
static inline int copenssl_hmac_init(EVP_MAC_CTX *context, const unsigned char *key, size_t length, const char *digest) {
  OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_init(context, key, length, parameters);
}
