// Numbers of virtio 1.2 (OASIS csd01), spelled as in the specification.

// Device types (section 5).
export const VIRTIO_ID_BLOCK = 2;
export const VIRTIO_ID_CONSOLE = 3;

// Device status (2.1).
export const VIRTIO_CONFIG_S_ACKNOWLEDGE = 1;
export const VIRTIO_CONFIG_S_DRIVER = 2;
export const VIRTIO_CONFIG_S_DRIVER_OK = 4;
export const VIRTIO_CONFIG_S_FEATURES_OK = 8;
export const VIRTIO_CONFIG_S_NEEDS_RESET = 0x40;
export const VIRTIO_CONFIG_S_FAILED = 0x80;

// Feature bits every device type shares (6, and 6.3 for legacy), as masks.
export const VIRTIO_F_ANY_LAYOUT = 1n << 27n;
export const VIRTIO_F_INDIRECT_DESC = 1n << 28n;
export const VIRTIO_F_EVENT_IDX = 1n << 29n;
export const VIRTIO_F_VERSION_1 = 1n << 32n;

// Split virtqueue (2.7).
export const VIRTQ_DESC_F_NEXT = 1;
export const VIRTQ_DESC_F_WRITE = 2;
export const VIRTQ_DESC_F_INDIRECT = 4;
export const VIRTQ_DESC_SIZE = 16;
export const VIRTQ_AVAIL_F_NO_INTERRUPT = 1;

// virtio-mmio (4.2.2, 4.2.4): register offsets.
export const VIRTIO_MMIO_MAGIC_VALUE = 0x000;
export const VIRTIO_MMIO_VERSION = 0x004;
export const VIRTIO_MMIO_DEVICE_ID = 0x008;
export const VIRTIO_MMIO_VENDOR_ID = 0x00c;
export const VIRTIO_MMIO_DEVICE_FEATURES = 0x010;
export const VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014;
export const VIRTIO_MMIO_DRIVER_FEATURES = 0x020;
export const VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024;
export const VIRTIO_MMIO_GUEST_PAGE_SIZE = 0x028; // legacy
export const VIRTIO_MMIO_QUEUE_SEL = 0x030;
export const VIRTIO_MMIO_QUEUE_NUM_MAX = 0x034;
export const VIRTIO_MMIO_QUEUE_NUM = 0x038;
export const VIRTIO_MMIO_QUEUE_ALIGN = 0x03c; // legacy
export const VIRTIO_MMIO_QUEUE_PFN = 0x040; // legacy
export const VIRTIO_MMIO_QUEUE_READY = 0x044;
export const VIRTIO_MMIO_QUEUE_NOTIFY = 0x050;
export const VIRTIO_MMIO_INTERRUPT_STATUS = 0x060;
export const VIRTIO_MMIO_INTERRUPT_ACK = 0x064;
export const VIRTIO_MMIO_STATUS = 0x070;
export const VIRTIO_MMIO_QUEUE_DESC_LOW = 0x080;
export const VIRTIO_MMIO_QUEUE_DESC_HIGH = 0x084;
export const VIRTIO_MMIO_QUEUE_DRIVER_LOW = 0x090;
export const VIRTIO_MMIO_QUEUE_DRIVER_HIGH = 0x094;
export const VIRTIO_MMIO_QUEUE_DEVICE_LOW = 0x0a0;
export const VIRTIO_MMIO_QUEUE_DEVICE_HIGH = 0x0a4;
export const VIRTIO_MMIO_SHM_SEL = 0x0ac;
export const VIRTIO_MMIO_SHM_LEN_LOW = 0x0b0;
export const VIRTIO_MMIO_SHM_LEN_HIGH = 0x0b4;
export const VIRTIO_MMIO_SHM_BASE_LOW = 0x0b8;
export const VIRTIO_MMIO_SHM_BASE_HIGH = 0x0bc;
export const VIRTIO_MMIO_CONFIG_GENERATION = 0x0fc;
export const VIRTIO_MMIO_CONFIG = 0x100;

/** "virt", little-endian. */
export const VIRTIO_MMIO_MAGIC = 0x74726976;
/** Bits of InterruptStatus and InterruptACK. */
export const VIRTIO_MMIO_INT_VRING = 1;
export const VIRTIO_MMIO_INT_CONFIG = 2;

// virtio-pci (4.1): identity, capability types, struct virtio_pci_common_cfg, the legacy header.
export const VIRTIO_PCI_VENDOR = 0x1af4;
/** The PCI device id is this plus the device type, except for the ids from before 1.0, by device type (4.1.2). */
export const VIRTIO_PCI_MODERN_ID = 0x1040;
export const VIRTIO_PCI_TRANSITIONAL_IDS: Readonly<Record<number, number>> = {
  1: 0x1000,
  2: 0x1001,
  3: 0x1003,
  4: 0x1005,
  5: 0x1002,
  8: 0x1004,
  9: 0x1009,
};
/** 0x40 or more, so that no driver takes it for a device type (4.1.2.1). */
export const VIRTIO_PCI_MODERN_SUBSYSTEM = 0x40;
export const VIRTIO_PCI_CAP_VENDOR_SPECIFIC = 0x09;
export const VIRTIO_PCI_CAP_COMMON_CFG = 1;
export const VIRTIO_PCI_CAP_NOTIFY_CFG = 2;
export const VIRTIO_PCI_CAP_ISR_CFG = 3;
export const VIRTIO_PCI_CAP_DEVICE_CFG = 4;
export const VIRTIO_PCI_CAP_PCI_CFG = 5;
export const VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT = 0x00;
export const VIRTIO_PCI_COMMON_DEVICE_FEATURE = 0x04;
export const VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT = 0x08;
export const VIRTIO_PCI_COMMON_DRIVER_FEATURE = 0x0c;
export const VIRTIO_PCI_COMMON_CONFIG_MSIX_VECTOR = 0x10;
export const VIRTIO_PCI_COMMON_NUM_QUEUES = 0x12;
export const VIRTIO_PCI_COMMON_DEVICE_STATUS = 0x14;
export const VIRTIO_PCI_COMMON_CONFIG_GENERATION = 0x15;
export const VIRTIO_PCI_COMMON_QUEUE_SELECT = 0x16;
export const VIRTIO_PCI_COMMON_QUEUE_SIZE = 0x18;
export const VIRTIO_PCI_COMMON_QUEUE_MSIX_VECTOR = 0x1a;
export const VIRTIO_PCI_COMMON_QUEUE_ENABLE = 0x1c;
export const VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF = 0x1e;
export const VIRTIO_PCI_COMMON_QUEUE_DESC = 0x20;
export const VIRTIO_PCI_COMMON_QUEUE_DRIVER = 0x28;
export const VIRTIO_PCI_COMMON_QUEUE_DEVICE = 0x30;
export const VIRTIO_PCI_COMMON_SIZE = 0x38;
export const VIRTIO_PCI_LEGACY_DEVICE_FEATURES = 0x00;
export const VIRTIO_PCI_LEGACY_DRIVER_FEATURES = 0x04;
export const VIRTIO_PCI_LEGACY_QUEUE_ADDRESS = 0x08;
export const VIRTIO_PCI_LEGACY_QUEUE_SIZE = 0x0c;
export const VIRTIO_PCI_LEGACY_QUEUE_SELECT = 0x0e;
export const VIRTIO_PCI_LEGACY_QUEUE_NOTIFY = 0x10;
export const VIRTIO_PCI_LEGACY_DEVICE_STATUS = 0x12;
export const VIRTIO_PCI_LEGACY_ISR_STATUS = 0x13;
/** Without MSI-X the device configuration follows the header at once. */
export const VIRTIO_PCI_LEGACY_CONFIG = 0x14;
/** The legacy queue address counts pages of this size, and the used ring starts on one. */
export const VIRTIO_PCI_LEGACY_PAGE = 4096;
/** Bits of the ISR status. */
export const VIRTIO_PCI_ISR_QUEUE = 1;
export const VIRTIO_PCI_ISR_CONFIG = 2;
export const VIRTIO_MSI_NO_VECTOR = 0xffff;

// Console (5.3).
export const VIRTIO_CONSOLE_F_SIZE = 1n << 0n;
export const VIRTIO_CONSOLE_F_MULTIPORT = 1n << 1n;
export const VIRTIO_CONSOLE_F_EMERG_WRITE = 1n << 2n;

// struct virtio_console_control events (5.3.6.2).
export const VIRTIO_CONSOLE_DEVICE_READY = 0;
export const VIRTIO_CONSOLE_PORT_ADD = 1;
export const VIRTIO_CONSOLE_PORT_REMOVE = 2;
export const VIRTIO_CONSOLE_PORT_READY = 3;
export const VIRTIO_CONSOLE_CONSOLE_PORT = 4;
export const VIRTIO_CONSOLE_RESIZE = 5;
export const VIRTIO_CONSOLE_PORT_OPEN = 6;
export const VIRTIO_CONSOLE_PORT_NAME = 7;

// Block device (5.2.3): features.
export const VIRTIO_BLK_F_SIZE_MAX = 1n << 1n;
export const VIRTIO_BLK_F_SEG_MAX = 1n << 2n;
export const VIRTIO_BLK_F_RO = 1n << 5n;
export const VIRTIO_BLK_F_BLK_SIZE = 1n << 6n;
export const VIRTIO_BLK_F_FLUSH = 1n << 9n;
export const VIRTIO_BLK_F_TOPOLOGY = 1n << 10n;
export const VIRTIO_BLK_F_CONFIG_WCE = 1n << 11n;
export const VIRTIO_BLK_F_DISCARD = 1n << 13n;
export const VIRTIO_BLK_F_WRITE_ZEROES = 1n << 14n;

// struct virtio_blk_req (5.2.6): types and status.
export const VIRTIO_BLK_T_IN = 0;
export const VIRTIO_BLK_T_OUT = 1;
export const VIRTIO_BLK_T_FLUSH = 4;
export const VIRTIO_BLK_T_GET_ID = 8;
export const VIRTIO_BLK_T_DISCARD = 11;
export const VIRTIO_BLK_T_WRITE_ZEROES = 13;
export const VIRTIO_BLK_S_OK = 0;
export const VIRTIO_BLK_S_IOERR = 1;
export const VIRTIO_BLK_S_UNSUPP = 2;
/** Bytes of a GET_ID answer. */
export const VIRTIO_BLK_ID_BYTES = 20;
/** Flag of struct virtio_blk_discard_write_zeroes. */
export const VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP = 1;
