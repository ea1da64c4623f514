// Compressed files that Node 20 has no encoder for: made with xz -9 --check=crc32, and with zstd -19.

/** "40100000 T hello\n40100010 T world\n". */
export function helloXz(): Uint8Array {
  return decode(
    '/Td6WFoAAAFpIt42AgAhARwAAAAQz1jM4AAhABxdABoMAmvZyESmh6/Q8muhwvX/GUzXLPYaVSFqmIAAxAgVzwABNCI4B8xOkEKZDQEAAAAAAVla',
  );
}

/** 2,000,000 zero bytes. */
export function bigXz(): Uint8Array {
  return decode(
    '/Td6WFoAAAFpIt42AgAhARwAAAAQz1jM/oR/AWBdAABv/f//o7f/Rz5IFXI5YVG4kijmo4YH+e7kHoLTL8U6PAFLsX7JiopNL6MN2X+m44wjEVPgWRjFdYrid/i2lH8MasDedElk4ulcU7IE2PdEDKtfDW1G6eXDdoi3llestk3haR1v+0uIEGxCy4g/XACP0E6vJiiUcR89jyThcJ6nI1/sKMuF0ZWYin4qkfIndfcZwAaYTZj92K/VkA/EJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgpZAk7gMsqbN+1O/DEvS5fqg8+S2ZCkBMO/xCT+HF4WfgLzf+VKEYPqfx83vuaMC5WwI+F84OBwGXEJVP49ZE2MQWlsO5vwXBNRwzRkRGqrWAdus6xJxhcWYbpZlJYvul2rFnk5VsFCPnH2q38+1IrdM0eWyBC+d1TPfgEQQJeAAAAQR1aQgAB+AKAiXoAgRs5lj4wDYsCAAAAAAFZWg==',
  );
}

/** As helloXz. */
export function helloZstd(): Uint8Array {
  return decode('KLUv/SQiEQEANDAxMDAwMDAgVCBoZWxsbwo0MDEwMDAxMCBUIHdvcmxkCtCiVt0=');
}

/** As bigXz, from a pipe: its frame does not say how large its contents are. */
export function bigZstd(): Uint8Array {
  return decode(
    'KLUv/QRoTAAACAABAPz/ORACAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAACABAAAgAQAAIAEAADJAQADsl01w==',
  );
}

/** "40100000 T hello\n", a skippable frame, and as helloXz without a checksum. */
export function framesZstd(): Uint8Array {
  return decode(
    'KLUv/SQRiQAANDAxMDAwMDAgVCBoZWxsbwqwUBXYWipNGAQAAABza2lwKLUv/QBY9QAAoDQwMTAgVCBoZWxsbwoxd29ybGQKAwAgCJpzAkAE',
  );
}

function decode(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
