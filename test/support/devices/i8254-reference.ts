// One counter of an 8254 as the data sheet draws it: a register, a counting element, and what each clock pulse does to them. The device
// computes; this counts.

export class ReferenceCounter {
  out = false;
  nullCount = true;
  ce = 0;
  gate: boolean;
  private mode = 0;
  private modulus = 0x10000;
  private cr = 0x10000;
  private loaded = 0;
  private loading = false;
  private counting = false;
  private written = false;
  private expired = false;

  constructor(gate: boolean) {
    this.gate = gate;
  }

  control(mode: number, bcd: boolean): void {
    this.mode = mode;
    this.modulus = bcd ? 10_000 : 0x10000;
    this.out = mode !== 0;
    this.nullCount = true;
    this.loading = false;
    this.counting = false;
    this.written = false;
  }

  /** The first of two bytes. */
  firstByte(): void {
    if (this.mode !== 0) return;
    this.out = false;
    this.counting = false;
    this.loading = false;
  }

  count(value: number): void {
    this.cr = value;
    this.nullCount = true;
    this.written = true;
    if (this.mode === 0) this.firstByte();
    if (this.mode === 0 || this.mode === 4) this.loading = true;
    if ((this.mode === 2 || this.mode === 3) && !this.counting) this.loading = true;
  }

  setGate(level: boolean): void {
    if (level === this.gate) return;
    this.gate = level;
    if (level && [1, 2, 3, 5].includes(this.mode) && this.written) this.loading = true;
    if (!level && (this.mode === 2 || this.mode === 3)) this.out = true;
  }

  pulse(): void {
    if (this.loading) {
      this.load();
      this.loading = false;
      this.counting = true;
      this.expired = false;
      // A strobe that began is over.
      this.out = this.mode >= 2;
      return;
    }
    if (!this.counting) return;
    if (this.mode === 1 || this.mode === 5 || this.gate)
      [0, 1, 4, 5].includes(this.mode) ? this.down() : this.periodic();
  }

  private down(): void {
    this.ce = (this.ce - 1 + this.modulus) % this.modulus;
    const ends = this.ce === 0 && !this.expired;
    if (this.mode < 2) this.out ||= ends;
    else this.out = !ends;
    this.expired ||= ends;
  }

  private periodic(): void {
    if (this.mode === 2) {
      const ce = this.ce === 0 ? this.modulus : this.ce;
      if (ce === 1) this.load();
      else this.ce = ce - 1;
      this.out = this.ce !== 1 || this.loaded === 1;
      return;
    }
    const ce = this.ce === 0 && this.loaded === this.modulus ? this.modulus : this.ce;
    const odd = this.loaded % 2 === 1;
    if (ce > 2 || (ce === 2 && odd && this.out)) this.ce = ce - 2;
    else {
      this.out = !this.out;
      this.load();
    }
  }

  private load(): void {
    this.loaded = this.cr;
    this.ce = (this.mode === 3 ? this.cr - (this.cr % 2) : this.cr) % this.modulus;
    this.nullCount = false;
  }
}
