# RSA, EC, Ed25519, X25519 with keys that are made from small numbers here: sign, verify, encrypt, derive, certificates.
python3 - <<'KEYS'
def der(tag, body):
    size = len(body)
    head = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, 'big')
    return bytes([tag]) + head + body
def integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, 'big'))
p, q, e = 2 ** 1024 - 105, 3 * 2 ** 1022 - 91, 65537
d = pow(e, -1, (p - 1) * (q - 1))
open('rsa.der', 'wb').write(der(0x30, b''.join(map(integer, (0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))))))
oids = {'prime256v1': '2a8648ce3d030107', 'secp384r1': '2b81040022', 'secp521r1': '2b81040023', 'secp256k1': '2b8104000a', 'brainpoolP256r1': '2b2403030208010107'}
for name, oid in oids.items():
    size = {'secp384r1': 48, 'secp521r1': 66}.get(name, 32)
    for number in (1, 2):
        scalar = (0x1234567890abcdef * 7 ** (30 + number)) % 2 ** (size * 8 - 9)
        open(f'{name}.{number}.der', 'wb').write(der(0x30, integer(1) + der(4, scalar.to_bytes(size, 'big')) + der(0xa0, der(6, bytes.fromhex(oid)))))
for name, oid in (('ed25519', '2b6570'), ('x25519', '2b656e'), ('ed448', '2b6571')):
    for number in (1, 2):
        seed = bytes((i * 7 + number) % 256 for i in range(57 if name == 'ed448' else 32))
        open(f'{name}.{number}.der', 'wb').write(der(0x30, integer(0) + der(0x30, der(6, bytes.fromhex(oid))) + der(4, der(4, seed))))
KEYS
seq 1 3000 >data
openssl rsa -inform DER -in rsa.der -out rsa.pem 2>&1; openssl rsa -in rsa.pem -check -noout 2>&1; openssl rsa -in rsa.pem -pubout -out rsa.pub 2>/dev/null; sha256sum <rsa.pub
openssl dgst -sha256 -sign rsa.pem -out rsa.sig data; sha256sum <rsa.sig; openssl dgst -sha256 -verify rsa.pub -signature rsa.sig data; openssl dgst -sha512 -verify rsa.pub -signature rsa.sig data 2>/dev/null
openssl dgst -sha256 -sign rsa.pem -sigopt rsa_padding_mode:pss -out pss.sig data; openssl dgst -sha256 -verify rsa.pub -sigopt rsa_padding_mode:pss -signature pss.sig data
echo secret | openssl pkeyutl -encrypt -pubin -inkey rsa.pub -pkeyopt rsa_padding_mode:oaep | openssl pkeyutl -decrypt -inkey rsa.pem -pkeyopt rsa_padding_mode:oaep
for curve in prime256v1 secp384r1 secp521r1 secp256k1 brainpoolP256r1; do
  for number in 1 2; do openssl ec -inform DER -in $curve.$number.der -out ec.$number.pem 2>/dev/null; openssl ec -in ec.$number.pem -pubout -out ec.$number.pub 2>/dev/null; done
  openssl dgst -sha384 -sign ec.1.pem -out ec.sig data
  echo "$curve $(openssl dgst -sha384 -verify ec.1.pub -signature ec.sig data) $(openssl dgst -sha384 -verify ec.2.pub -signature ec.sig data 2>/dev/null)"
  openssl pkeyutl -derive -inkey ec.1.pem -peerkey ec.2.pub | sha256sum; openssl pkeyutl -derive -inkey ec.2.pem -peerkey ec.1.pub | sha256sum; openssl ec -pubin -in ec.1.pub -outform DER 2>/dev/null | sha256sum
done
for kind in ed25519 ed448; do
  openssl pkey -inform DER -in $kind.1.der -out ed.pem && openssl pkey -in ed.pem -pubout -out ed.pub && openssl pkeyutl -sign -rawin -inkey ed.pem -in data -out ed.sig && sha256sum <ed.sig
  openssl pkeyutl -verify -rawin -pubin -inkey ed.pub -in data -sigfile ed.sig
done
for number in 1 2; do openssl pkey -inform DER -in x25519.$number.der -out x.$number.pem; openssl pkey -in x.$number.pem -pubout -out x.$number.pub; done
openssl pkeyutl -derive -inkey x.1.pem -peerkey x.2.pub | sha256sum; openssl pkeyutl -derive -inkey x.2.pem -peerkey x.1.pub | sha256sum
openssl req -new -key rsa.pem -subj '/CN=tsvm test/O=Debian root' -sha256 -config /dev/null -out r.csr 2>&1; openssl req -in r.csr -noout -verify -key rsa.pem -config /dev/null 2>&1; openssl req -in r.csr -outform DER -config /dev/null | sha256sum
openssl x509 -req -in r.csr -signkey rsa.pem -days 3650 -set_serial 7 -out c.pem 2>&1; openssl x509 -in c.pem -noout -subject -serial; openssl verify -CAfile c.pem c.pem
openssl smime -sign -in data -signer c.pem -inkey rsa.pem -md sha256 -out m.p7 && openssl smime -verify -in m.p7 -CAfile c.pem 2>&1 >out | tail -1; tr -d '\r' <out | cmp - data && echo mail
openssl cms -encrypt -aes256 -in data -binary -out e.cms c.pem && openssl cms -decrypt -in e.cms -inkey rsa.pem -recip c.pem | cmp - data && echo cms
openssl pkcs12 -export -in c.pem -inkey rsa.pem -passout pass:x -out k.p12 && openssl pkcs12 -in k.p12 -passin pass:x -nodes -nocerts 2>/dev/null | openssl rsa 2>/dev/null | cmp - rsa.pem && echo pkcs12
