# Every digest, cipher, MAC and key derivation that has one answer.
awk 'BEGIN { for (i = 0; i < 24000; i++) printf "%d:%x ", i * i, i * 48271 % 65537 }' >data
openssl version | cut -d' ' -f1,2; wc -c <data
for digest in blake2b512 blake2s256 md5 md5-sha1 ripemd160 sha1 sha224 sha256 sha384 sha512 sha512-224 sha512-256 sha3-224 sha3-256 sha3-384 sha3-512 shake128 shake256 sm3; do
  openssl dgst "-$digest" <data 2>&1 | sed "s/^.*= /$digest /"
done
key=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
iv=f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff
for cipher in aes-128-cbc aes-192-cbc aes-256-cbc aes-256-ctr aes-128-cfb aes-128-cfb8 aes-192-ofb aes-128-ecb aria-128-cbc aria-256-ctr camellia-128-cbc camellia-256-ctr chacha20 des-ede3-cbc sm4-cbc sm4-ctr; do
  length=$(case $cipher in *256*|chacha20) echo 64 ;; *192*|*ede3*) echo 48 ;; *) echo 32 ;; esac)
  vector=$(case $cipher in *ecb) ;; *des*) echo "-iv ${iv:0:16}" ;; *) echo "-iv $iv" ;; esac)
  # shellcheck disable=SC2086
  openssl enc "-$cipher" -K ${key:0:length} $vector -in data -out sealed 2>&1 && echo "$cipher $(sha256sum <sealed | cut -c1-32) $(openssl enc -d "-$cipher" -K ${key:0:length} $vector -in sealed | cmp - data && echo same)"
done
for mac in 'HMAC -digest SHA256 -macopt hexkey:00112233' 'CMAC -cipher AES-128-CBC -macopt hexkey:000102030405060708090a0b0c0d0e0f' "Poly1305 -macopt hexkey:$key" 'SIPHASH -macopt hexkey:000102030405060708090a0b0c0d0e0f' "GMAC -cipher AES-256-GCM -macopt hexkey:$key -macopt hexiv:${iv:0:24}" 'KMAC128 -macopt hexkey:0001020304050607 -macopt size:32'; do
  # shellcheck disable=SC2086
  echo "${mac%% *} $(openssl mac ${mac#* } -in data ${mac%% *} 2>&1 | tail -n 1)"
done
openssl kdf -keylen 32 -kdfopt digest:SHA512 -kdfopt pass:password -kdfopt salt:salt -kdfopt iter:1000 PBKDF2
openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt key:secret -kdfopt salt:salt -kdfopt info:label HKDF
openssl kdf -keylen 32 -kdfopt pass:password -kdfopt salt:salt -kdfopt n:512 -kdfopt r:8 -kdfopt p:1 SCRYPT
openssl passwd -6 -salt saltsalt password; openssl passwd -5 -salt saltsalt password; openssl passwd -1 -salt saltsalt password
openssl prime -hex FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A3620FFFFFFFFFFFFFFFF; openssl prime 2147483647 1000000016000000063
