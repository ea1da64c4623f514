// The address translation operations, by the number that `addressTranslate` takes (ARM DDI 0406C: B4.2.4).

/** Bit 0: for a write; bit 1: unprivileged; bit 2: through both stages; bit 3: Hyp mode's regime. */
export const AT_OPERATION = {
  ATS1CPR: 0,
  ATS1CPW: 1,
  ATS1CUR: 2,
  ATS1CUW: 3,
  ATS12NSOPR: 4,
  ATS12NSOPW: 5,
  ATS12NSOUR: 6,
  ATS12NSOUW: 7,
  ATS1HR: 8,
  ATS1HW: 9,
} as const;
