#!/bin/busybox sh
# /init of the initrd: load the modules of the overlay behind it, mount the root and go there.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
exec </dev/console >/dev/console 2>&1
if [ -f /lib/modules/order ]; then
  while read -r module; do /bin/busybox insmod "/lib/modules/$module" || echo "insmod $module failed"; done </lib/modules/order
fi
for try in 1 2 3 4 5 6 7 8 9 10; do
  [ ! -b /dev/vda ] || break
  /bin/busybox sleep 0.2
done
/bin/busybox mount -t ext4 /dev/vda /mnt || exec /bin/busybox sh
/bin/busybox mount --move /dev /mnt/dev
/bin/busybox umount /proc /sys
exec /bin/busybox switch_root /mnt /init
