/* identify: what each disk says of itself (struct virtio_blk_config, virtio 1.2, 5.2.4). */
#include "disk.h"

static const struct {
  u32 bit;
  const char *name;
} names[] = {
    {BLK_F_SIZE_MAX, "size_max"},       {BLK_F_SEG_MAX, "seg_max"},
    {BLK_F_GEOMETRY, "geometry"},       {BLK_F_RO, "ro"},
    {BLK_F_BLK_SIZE, "blk_size"},       {BLK_F_FLUSH, "flush"},
    {BLK_F_TOPOLOGY, "topology"},       {BLK_F_CONFIG_WCE, "config_wce"},
    {BLK_F_MQ, "mq"},                   {BLK_F_DISCARD, "discard"},
    {BLK_F_WRITE_ZEROES, "write_zeroes"}, {VIRTIO_F_ANY_LAYOUT, "any_layout"},
    {VIRTIO_F_INDIRECT_DESC, "indirect_desc"}, {VIRTIO_F_EVENT_IDX, "event_idx"},
};

static void print_id(struct virtio_blk *disk) {
  char id[BLK_ID_BYTES + 1];
  memset(id, 0, sizeof id);
  u32 status = blk_request(disk, BLK_T_GET_ID, 0, id, BLK_ID_BYTES);
  for (u32 i = 0; i < BLK_ID_BYTES; i++)
    if (id[i] && (id[i] < ' ' || id[i] > '~')) id[i] = '?';
  printf("  id \"%s\", status %u\n", id, status);
}

static void print_disk(struct virtio_blk *disk) {
  const struct virtio_device *device = &disk->device;
  u32 offered = virtio_offered(device);
  printf("disk %u: irq %u, %s, capacity 0x%08x%08x sectors\n", disk->number, device->irq,
         device->modern ? "modern" : "legacy", (u32)(disk->capacity >> 32), (u32)disk->capacity);
  printf("  features 0x%08x:", offered);
  for (u32 i = 0; i < sizeof names / sizeof names[0]; i++)
    if (offered & names[i].bit) printf(" %s", names[i].name);
  printf("\n");
  if (offered & BLK_F_SIZE_MAX) printf("  size_max %u\n", virtio_config32(device, 8));
  if (offered & BLK_F_SEG_MAX) printf("  seg_max %u\n", virtio_config32(device, 12));
  if (offered & BLK_F_GEOMETRY)
    printf("  geometry %u cylinders %u heads %u sectors\n", virtio_config16(device, 16), virtio_config8(device, 18),
           virtio_config8(device, 19));
  if (offered & BLK_F_BLK_SIZE) printf("  blk_size %u\n", virtio_config32(device, 20));
  if (offered & BLK_F_TOPOLOGY)
    printf("  topology physical_block_exp %u alignment_offset %u min_io_size %u opt_io_size %u\n",
           virtio_config8(device, 24), virtio_config8(device, 25), virtio_config16(device, 26),
           virtio_config32(device, 28));
  if (offered & BLK_F_CONFIG_WCE) printf("  writeback %u\n", virtio_config8(device, 32));
  if (offered & BLK_F_MQ) printf("  num_queues %u\n", virtio_config16(device, 34));
  if (offered & BLK_F_DISCARD)
    printf("  discard max_sectors %u max_seg %u alignment %u\n", virtio_config32(device, 36), virtio_config32(device, 40),
           virtio_config32(device, 44));
  if (offered & BLK_F_WRITE_ZEROES)
    printf("  write_zeroes max_sectors %u max_seg %u may_unmap %u\n", virtio_config32(device, 48),
           virtio_config32(device, 52), virtio_config8(device, 56));
  start(disk);
  print_id(disk);
}

int identify(void) {
  for (u32 i = 0; i < disk_count; i++) print_disk(&disks[i]);
  printf("identify: %u disks\n", disk_count);
  return 0;
}
