#pragma once
#include <stddef.h>
#include <stdint.h>

/// scrypt (RFC 7914). Returns 1, or 0 when the costs are not allowed or need more than `memory_max` bytes.
int copenssl_scrypt(const char *password, size_t password_length, const uint8_t *salt, size_t salt_length,
                    uint64_t n, uint64_t r, uint64_t p, uint64_t memory_max, uint8_t *key, size_t key_length);

/// Whether two buffers of the same length are equal, in a time that does not tell where they differ.
int copenssl_is_equal(const uint8_t *left, const uint8_t *right, size_t length);

/// Fills the buffer from the kernel's generator. Returns 0, or an errno.
int copenssl_random(uint8_t *buffer, size_t length);

/// Makes a certificate for a host name, signed by its own EC P-256 key, valid from an hour ago for `days` days.
/// `key_pem` is the key to use, or NULL to make a new one. On success returns 1 and hands over both texts, to be
/// released with free(). On failure returns 0 and writes OpenSSL's words into `reason`.
int copenssl_self_signed(const char *host, const char *key_pem, int days, char **key_text,
                         char **certificate_text, char *reason, size_t reason_length);

/// SHA-256 (FIPS 180-4). Returns 1, or 0 when the library has no memory.
int copenssl_sha256(const uint8_t *bytes, size_t length, uint8_t digest[32]);
