// Made for tests with `openssl req -x509`, for localhost and a hundred years. Nobody trusts it, so its key is no secret.

/** A certificate for `localhost`, `127.0.0.1` and `::1`, signed by itself, as PEM. */
export const localhostCert = `-----BEGIN CERTIFICATE-----
MIIBrTCCAVSgAwIBAgIUOWXBq+dLQfjVErQR6PN1oyNkGwEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA1Mjc1N1oYDzIxMjYxMDI4
MDUyNzU3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ+UH6ACoEKfi9n2drk2jwk7nrv+2AlTULMEpqBfgfM36S0VYudP7ox
Kg/LNCqmZHtE7aMzYdhhN2eRqIQLZ5I1o4GBMH8wHQYDVR0OBBYEFHGmV4ZK/7vJ
oKZZF81DZ1rOuWSlMB8GA1UdIwQYMBaAFHGmV4ZK/7vJoKZZF81DZ1rOuWSlMA8G
A1UdEwEB/wQFMAMBAf8wLAYDVR0RBCUwI4IJbG9jYWxob3N0hwR/AAABhxAAAAAA
AAAAAAAAAAAAAAABMAoGCCqGSM49BAMCA0cAMEQCIH+PN6aShJXRXrT+YkultJiI
U9PSe+hOY6xXicEo5KKRAiBx1ZqlagAMyTepkOvl9HWEndDh+4QUj2gSPzyRbsCt
Rw==
-----END CERTIFICATE-----
`;

/** The private key of {@link localhostCert}, as PEM. */
export const localhostKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguq3RE7fdoE5tvlMc
Qqt+qHNdfKXgrAHyom3n6CD+AkKhRANCAAQ+UH6ACoEKfi9n2drk2jwk7nrv+2Al
TULMEpqBfgfM36S0VYudP7oxKg/LNCqmZHtE7aMzYdhhN2eRqIQLZ5I1
-----END PRIVATE KEY-----
`;
