#include "COpenSSL.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

int copenssl_scrypt(const char *password, size_t password_length, const uint8_t *salt, size_t salt_length,
                    uint64_t n, uint64_t r, uint64_t p, uint64_t memory_max, uint8_t *key, size_t key_length) {
    int done = EVP_PBE_scrypt(password, password_length, salt, salt_length, n, r, p, memory_max, key, key_length);
    if (done != 1) ERR_clear_error();
    return done == 1;
}

int copenssl_is_equal(const uint8_t *left, const uint8_t *right, size_t length) {
    return CRYPTO_memcmp(left, right, length) == 0;
}

int copenssl_sha256(const uint8_t *bytes, size_t length, uint8_t digest[32]) {
    return EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) == 1;
}

int copenssl_random(uint8_t *buffer, size_t length) {
    while (length > 0) {
        ssize_t count = getrandom(buffer, length, 0);
        if (count < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        buffer += count;
        length -= (size_t)count;
    }
    return 0;
}

/// The whole of a memory BIO as a C string.
static char *text_of(BIO *bio) {
    char *bytes;
    long length = BIO_get_mem_data(bio, &bytes);
    char *text = length > 0 ? malloc((size_t)length + 1) : NULL;
    if (text == NULL) return NULL;
    memcpy(text, bytes, (size_t)length);
    text[length] = 0;
    return text;
}

static EVP_PKEY *read_key(const char *pem) {
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static int add_extension(X509 *certificate, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL) return 0;
    int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static int is_address(const char *host) {
    unsigned char buffer[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, buffer) == 1 || inet_pton(AF_INET6, host, buffer) == 1;
}

static int fill(X509 *certificate, EVP_PKEY *key, const char *host, int days) {
    unsigned char serial[16];
    char alternative[320];
    if (RAND_bytes(serial, sizeof serial) != 1) return 0;
    serial[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    int has_serial = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    snprintf(alternative, sizeof alternative, "%s:%s", is_address(host) ? "IP" : "DNS", host);
    X509_NAME *name = X509_get_subject_name(certificate);
    return has_serial && X509_set_version(certificate, 2)
        && X509_gmtime_adj(X509_getm_notBefore(certificate), -3600)
        && X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL)
        && X509_set_pubkey(certificate, key)
        && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)host, -1, -1, 0)
        && X509_set_issuer_name(certificate, name)
        && add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE")
        && add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyAgreement")
        && add_extension(certificate, NID_ext_key_usage, "serverAuth")
        && add_extension(certificate, NID_subject_alt_name, alternative)
        && X509_sign(certificate, key, EVP_sha256()) > 0;
}

int copenssl_self_signed(const char *host, const char *key_pem, int days, char **key_text,
                         char **certificate_text, char *reason, size_t reason_length) {
    *key_text = NULL;
    *certificate_text = NULL;
    EVP_PKEY *key = key_pem ? read_key(key_pem) : EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *key_bio = BIO_new(BIO_s_mem());
    BIO *certificate_bio = BIO_new(BIO_s_mem());
    if (key && certificate && key_bio && certificate_bio && fill(certificate, key, host, days)
        && PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL)
        && PEM_write_bio_X509(certificate_bio, certificate)) {
        *key_text = text_of(key_bio);
        *certificate_text = text_of(certificate_bio);
    }
    int done = *key_text && *certificate_text;
    if (!done) {
        free(*key_text);
        free(*certificate_text);
        *key_text = *certificate_text = NULL;
        snprintf(reason, reason_length, "%s", "unknown error");
        if (ERR_peek_error()) ERR_error_string_n(ERR_peek_error(), reason, reason_length);
    }
    ERR_clear_error();
    BIO_free(certificate_bio);
    // A secret: BIO_free clears nothing, so the bytes are cleared here.
    char *bytes;
    long length = key_bio ? BIO_get_mem_data(key_bio, &bytes) : 0;
    if (length > 0) OPENSSL_cleanse(bytes, (size_t)length);
    BIO_free(key_bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return done;
}
