// The register block of the Galileo GT-64120 as a table: names, offsets and power-on values. Names and offsets as in Linux's
// arch/mips/include/asm/gt64120.h. Registers with an effect are in gt64120.ts; the rest only hold what was written.

export const GT_ISD = 0x068;
export const GT_PCI0_CMD = 0xc00;
export const GT_INTRCAUSE = 0xc18;
export const GT_PCI0_IACK = 0xc34;
export const GT_PCI0_CFGADDR = 0xcf8;
export const GT_PCI0_CFGDATA = 0xcfc;

/** Accesses as PCI master by the CPU: bytes are swapped while this bit is 0. */
export const GT_PCI0_CMD_MBYTESWAP = 1 << 0;
export const GT_PCI0_CMD_SBYTESWAP = 1 << 16;
/** Nobody answered a cycle on PCI bus 0. */
export const GT_INTRCAUSE_MASABORT0 = 1 << 18;
export const GT_PCI0_CFGADDR_CONFIGEN = 2 ** 31;

/** Decode registers count in units of 2 MiB; a window's high register compares the low 7 bits of the address in units. */
export const GT_DECODE_UNIT = 0x20_0000;
export const GT_DECODE_LOW = 0x7fff;
export const GT_DECODE_HIGH = 0x7f;
/** A remap register holds PCI address bits 31:21. */
export const GT_REMAP = 0x7ff;

/** The three windows onto PCI bus 0. `low`, `high` and `remap` at power on are what a Malta's boot monitor leaves there. */
export const GT_PCI_WINDOWS = [
  { name: 'PCI0IO', space: 'io', offset: [0x048, 0x050, 0x0f0], preset: [0x0c0, 0x40, 0x000] },
  { name: 'PCI0M0', space: 'memory', offset: [0x058, 0x060, 0x0f8], preset: [0x080, 0x3f, 0x080] },
  { name: 'PCI0M1', space: 'memory', offset: [0x080, 0x088, 0x100], preset: [0x0c1, 0x5e, 0x0c1] },
] as const;

/** Registers that hold values: offset, name, power-on value, bits that exist (all when left out). */
export const GT_PLAIN: readonly (readonly [offset: number, name: string, reset?: number, mask?: number])[] = [
  [0x000, 'CPU'],
  [0x008, 'SCS10LD', 0x000, GT_DECODE_LOW],
  [0x010, 'SCS10HD', 0x07, GT_DECODE_HIGH],
  [0x018, 'SCS32LD', 0x008, GT_DECODE_LOW],
  [0x020, 'SCS32HD', 0x0f, GT_DECODE_HIGH],
  [0x028, 'CS20LD', 0x0e0, GT_DECODE_LOW],
  [0x030, 'CS20HD', 0x70, GT_DECODE_HIGH],
  [0x038, 'CS3BOOTLD', 0x0f8, GT_DECODE_LOW],
  [0x040, 'CS3BOOTHD', 0x7f, GT_DECODE_HIGH],
  [0x090, 'PCI1IOLD', 0x100, GT_DECODE_LOW],
  [0x098, 'PCI1IOHD', 0x0f, GT_DECODE_HIGH],
  [0x0a0, 'PCI1M0LD', 0x110, GT_DECODE_LOW],
  [0x0a8, 'PCI1M0HD', 0x1f, GT_DECODE_HIGH],
  [0x0b0, 'PCI1M1LD', 0x120, GT_DECODE_LOW],
  [0x0b8, 'PCI1M1HD', 0x2f, GT_DECODE_HIGH],
  [0x0d0, 'SCS10AR', 0x000, GT_REMAP],
  [0x0d8, 'SCS32AR', 0x008, GT_REMAP],
  [0x0e0, 'CS20R', 0x0e0, GT_REMAP],
  [0x0e8, 'CS3BOOTR', 0x0f8, GT_REMAP],
  [0x108, 'PCI1IOREMAP', 0x100, GT_REMAP],
  [0x110, 'PCI1M0REMAP', 0x110, GT_REMAP],
  [0x118, 'PCI1M1REMAP', 0x120, GT_REMAP],
  [0x120, 'MULTI', 0x3],
  [0x400, 'SCS0LD', 0x00, 0xff],
  [0x404, 'SCS0HD', 0x07, 0xff],
  [0x408, 'SCS1LD', 0x08, 0xff],
  [0x40c, 'SCS1HD', 0x0f, 0xff],
  [0x410, 'SCS2LD', 0x10, 0xff],
  [0x414, 'SCS2HD', 0x17, 0xff],
  [0x418, 'SCS3LD', 0x18, 0xff],
  [0x41c, 'SCS3HD', 0x1f, 0xff],
  [0x420, 'CS0LD', 0xc0, 0xff],
  [0x424, 'CS0HD', 0xc7, 0xff],
  [0x428, 'CS1LD', 0xc8, 0xff],
  [0x42c, 'CS1HD', 0xcf, 0xff],
  [0x430, 'CS2LD', 0xd0, 0xff],
  [0x434, 'CS2HD', 0xdf, 0xff],
  [0x438, 'CS3LD', 0xf0, 0xff],
  [0x43c, 'CS3HD', 0xfb, 0xff],
  [0x440, 'BOOTLD', 0xfc, 0xff],
  [0x444, 'BOOTHD', 0xff, 0xff],
  [0x448, 'SDRAM_CFG', 0x200],
  [0x44c, 'SDRAM_B0', 0x5],
  [0x450, 'SDRAM_B1', 0x5],
  [0x454, 'SDRAM_B2', 0x5],
  [0x458, 'SDRAM_B3', 0x5],
  [0x45c, 'DEV_B0'],
  [0x460, 'DEV_B1'],
  [0x464, 'DEV_B2'],
  [0x468, 'DEV_B3'],
  [0x46c, 'DEV_BOOT'],
  [0x474, 'SDRAM_OPMODE'],
  [0x478, 'SDRAM_BM'],
  [0x47c, 'SDRAM_ADDRDECODE', 0x2],
  [0xc04, 'PCI0_TOR', 0x070f],
  [0xc08, 'PCI0_BS_SCS10', 0x00fff000],
  [0xc0c, 'PCI0_BS_SCS32', 0x00fff000],
  [0xc10, 'PCI0_BS_CS20', 0x01fff000],
  [0xc14, 'PCI0_BS_CS3BT', 0x00fff000],
  [0xc1c, 'INTRMASK'],
  [0xc24, 'PCI0_ICMASK'],
  [0xc28, 'PCI0_SERR0MASK'],
  [0xc3c, 'PCI0_BARE'],
  [0xc40, 'PCI0_PREFMBR'],
  [0xc48, 'PCI0_SCS10_BAR'],
  [0xc4c, 'PCI0_SCS32_BAR'],
  [0xc50, 'PCI0_CS20_BAR'],
  [0xc54, 'PCI0_CS3BT_BAR'],
  [0xc58, 'PCI0_SSCS10_BAR'],
  [0xc5c, 'PCI0_SSCS32_BAR'],
  [0xc64, 'PCI0_SCS3BT_BAR'],
  [0xc70, 'CPU_INTSEL'],
  [0xc74, 'PCI0_INTSEL'],
  [0xc9c, 'HINTRMASK'],
  [0xca4, 'PCI0_HICMASK'],
];
