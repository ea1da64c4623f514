// Compiled code and the memory under it: slots that go, move and become read-only, dirty logs, reservations, records that run out.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { ExitReason, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../src/kvm/constants.ts';
import { type Guest, RAM_BYTES, SPARE } from '../support/kvm/guest.ts';
import {
  addiu,
  addu,
  b,
  beq,
  bne,
  jalr,
  jr,
  type Line,
  la,
  li,
  ll,
  lw,
  nop,
  ra,
  s0,
  s1,
  s2,
  s3,
  s4,
  sc,
  sw,
  t0,
  t1,
  t2,
  v0,
  zero,
} from '../support/kvm/mips-words.ts';
import { getDirty, HIGH, HIGH_VA, PAGE, setSlot } from '../support/kvm/slots.ts';
import { EAGER, Twins } from '../support/region/twins.ts';

/** Nothing else than MMIO: its address. */
const exitOf = (guest: Guest): number | undefined =>
  guest.vcpu.run.exitReason === ExitReason.MMIO ? guest.vcpu.run.mmio.physAddr : undefined;

describe('the slot under compiled code', () => {
  /** Slot 1 has a loop that adds 1 to s1; behind it, where it may move, lies one that adds 100. */
  function looping(): Twins {
    const twins = new Twins();
    const adding = (by: number): Line => [{ label: 'round' }, addiu(s1, s1, by), b('round'), nop];
    twins.both((guest) => {
      setSlot(guest, { userspaceAddr: SPARE + 2 * PAGE });
      guest.load(adding(100), HIGH_VA);
      guest.vm.setUserMemoryRegion({ slot: 1, flags: 0, guestPhysAddr: HIGH, memorySize: 0, userspaceAddr: 0 });
      setSlot(guest);
      guest.load(adding(1), HIGH_VA);
    });
    twins.load([li(t0, HIGH_VA), jr(t0), nop]);
    twins.enter(304);
    expect(twins.regions).toBeGreaterThan(0);
    expect(twins.gpr(s1)).toBe(100);
    return twins;
  }
  const remove = ({ vm }: Guest): void =>
    vm.setUserMemoryRegion({ slot: 1, flags: 0, guestPhysAddr: HIGH, memorySize: 0, userspaceAddr: 0 });

  it('goes: there is nothing to execute any more', () => {
    const twins = looping();
    twins.both(remove);
    expect(twins.enter(100)).toBe(0);
    expect(twins.compiled.vcpu.run.exitReason).toBe(ExitReason.INTERNAL_ERROR);
    expect(twins.gpr(s1)).toBe(100);
  });

  it('is another one: its code is executed', () => {
    const twins = looping();
    twins.both(remove);
    twins.both((guest) => setSlot(guest, { userspaceAddr: SPARE + 2 * PAGE }));
    twins.enter(300);
    expect(twins.gpr(s1)).toBe(100 + 100 * 100);
  });

  it('comes back: the same code goes on', () => {
    const twins = looping();
    twins.both(remove);
    twins.both((guest) => setSlot(guest));
    twins.enter(300);
    expect(twins.gpr(s1)).toBe(200);
  });

  it('moves in guest-physical space: code at the old place is gone', () => {
    const twins = looping();
    twins.both((guest) => setSlot(guest, { guestPhysAddr: HIGH + 4 * PAGE }));
    expect(twins.enter(100)).toBe(0);
    twins.both((guest) => {
      guest.pc = HIGH_VA + 4 * PAGE;
    });
    twins.enter(300);
    expect(twins.gpr(s1)).toBe(200);
  });
});

describe('memory that compiled code writes', () => {
  /** A loop that stores into slot 1, s2 bytes further each round; t1 is where. */
  const storing: Line = [
    [li(t1, HIGH_VA), { label: 'round' }, addiu(s1, s1, 1), sw(s1, 0, t1), lw(t2, 0, t1), addu(s0, s0, t2)],
    [addu(t1, t1, s2), b('round'), nop],
  ];

  function running(): Twins {
    const twins = new Twins();
    twins.both((guest) => setSlot(guest));
    twins.load(storing);
    twins.enter(300);
    expect(twins.regions).toBeGreaterThan(0);
    return twins;
  }

  it('shows in the dirty log, every time anew', () => {
    const twins = running();
    twins.both((guest) => setSlot(guest, { flags: KVM_MEM_LOG_DIRTY_PAGES }));
    for (let n = 0; n < 4; n++) {
      twins.enter(100);
      twins.both((guest) => expect(getDirty(guest)).toEqual([0]));
    }
    twins.both((guest) => guest.setGpr(s2, PAGE));
    twins.enter(7);
    twins.both((guest) => guest.setGpr(s2, 0));
    twins.enter(100);
    twins.both((guest) => expect(getDirty(guest)).toEqual([0, 1]));
    twins.both((guest) => expect(getDirty(guest)).toEqual([]));
    twins.enter(100);
    twins.both((guest) => expect(getDirty(guest)).toEqual([1]));
  });

  it('and becomes read-only, leaves as MMIO at the store', () => {
    const twins = running();
    twins.both((guest) => setSlot(guest, { memorySize: 0 }));
    twins.both((guest) => setSlot(guest, { flags: KVM_MEM_READONLY }));
    const before = twins.compiled.word(HIGH_VA);
    expect(twins.enter(100)).toBe(0);
    twins.both((guest) => expect(exitOf(guest)).toBe(HIGH));
    expect(twins.compiled.word(HIGH_VA)).toBe(before);
  });

  it('and ends, leaves as MMIO where it does', () => {
    const twins = running();
    twins.both((guest) => guest.setGpr(s2, 0x100));
    expect(twins.enter(10_000)).toBe(0);
    twins.both((guest) => expect(exitOf(guest)).toBe(HIGH + 2 * PAGE));
  });
});

describe('a reservation taken in compiled code', () => {
  /** A load-linked loop: s1 counts the stores that happened, s2 those that did not. */
  const linked: Line = [
    [li(t1, HIGH_VA), { label: 'round' }, ll(t0, 0, t1), addiu(t0, t0, 1), nop, nop, sc(t0, 0, t1)],
    [beq(t0, zero, 'failed'), nop, addiu(s1, s1, 1), b('round'), nop],
    [{ label: 'failed' }, addiu(s2, s2, 1), b('round'), nop],
  ];

  function running(vcpus = 1): Twins {
    const twins = new Twins({ vcpus });
    twins.both((guest) => setSlot(guest));
    twins.load(linked);
    twins.enter(500);
    expect(twins.regions).toBeGreaterThan(0);
    expect(twins.gpr(s2)).toBe(0);
    return twins;
  }

  it('is broken by DMA to its line, and by nothing else', () => {
    const twins = running();
    for (let n = 0; n < 30; n++) {
      twins.enter(1 + n);
      twins.both(({ vm }) => vm.memory.write(HIGH + (n % 2 === 0 ? 0x40 : 0x400), new Uint8Array(4)));
    }
    expect(twins.gpr(s2)).toBeGreaterThan(2);
    expect(twins.gpr(s1)).toBeGreaterThan(50);
  });

  it('is broken when another vCPU has run', () => {
    const twins = running(2);
    for (let n = 0; n < 40; n++) twins.enter(1 + (n % 7), n % 2);
    expect(twins.gpr(s2)).toBeGreaterThan(2);
    const [first, second] = [0, 1].map((id) => twins.compiled.gpr(s1, twins.compiled.vcpus[id]));
    expect(twins.compiled.word(HIGH_VA)).toBe(first! + second!);
  });
});

describe('vCPUs', () => {
  it('share what one of them has made hot', () => {
    const twins = new Twins({ vcpus: 4 });
    twins.load([{ label: 'round' }, addiu(s1, s1, 1), addu(s2, s2, s1), b('round'), nop]);
    twins.enter(300);
    const { everCompiled } = twins;
    expect(everCompiled).toBeGreaterThan(0);
    for (let n = 0; n < 40; n++) twins.enter(3 + n, n % 4);
    expect(twins.everCompiled).toBe(everCompiled);
  });
});

describe('more code than there are records for', () => {
  it('is forgotten and compiled anew', () => {
    // Records of 8192 pages is all there is: a function in each of some more.
    const pages = 8300;
    const regions = { ...EAGER };
    const twins = new Twins({ arenaBytes: RAM_BYTES + pages * PAGE, regions });
    const base = HIGH_VA;
    twins.both(({ vm }) => {
      const memorySize = pages * PAGE;
      vm.setUserMemoryRegion({ slot: 1, flags: 0, guestPhysAddr: HIGH, memorySize, userspaceAddr: RAM_BYTES });
      for (let page = 0; page < pages; page++) {
        const at = HIGH + page * PAGE;
        [addiu(s1, s1, 1), jr(ra), nop].forEach((word, i) => {
          vm.memory.writeU32(at + 4 * i, word, 'little');
        });
      }
    });
    const CALLS = 6;
    const visits: Line = [
      [li(t0, base), li(t1, base + pages * PAGE), addiu(t2, zero, PAGE)],
      [{ label: 'page' }, addiu(s0, zero, CALLS)],
      [{ label: 'call' }, jalr(ra, t0), addiu(s0, s0, -1), bne(s0, zero, 'call'), nop],
      [addu(t0, t0, t2), bne(t0, t1, 'page'), nop],
    ];
    twins.load([visits, li(t0, base), b('page'), nop]);
    const perPage = 4 + 7 * CALLS;
    twins.enter(perPage * 200);
    const { everCompiled } = twins;
    expect(twins.regions).toBeGreaterThan(10);
    Object.assign(regions, { hot: Number.POSITIVE_INFINITY }); // the rest is only run, which takes less time
    twins.enter(perPage * (pages - 10));
    Object.assign(regions, { hot: 1 });
    twins.enter(perPage * 100);
    expect(twins.regions).toBeLessThanOrEqual(twins.everCompiled - everCompiled);
    expect(twins.gpr(s1)).toBeGreaterThan(pages * CALLS);
  });
});

describe('a module whose regions have all gone', () => {
  it('is collected: nothing that lives longer leads to it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const made: WeakRef<object>[] = [];
    const { Instance } = WebAssembly;
    class Noted extends Instance {
      constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
        super(module, imports);
        made.push(new WeakRef(this));
      }
    }
    vi.stubGlobal(
      'WebAssembly',
      new Proxy(WebAssembly, { get: (of, name) => (name === 'Instance' ? Noted : Reflect.get(of, name)) }),
    );
    try {
      const twins = new Twins();
      // A function that is called in a loop, and rewritten after every forty calls.
      twins.load([
        [la(s3, 'function'), li(s4, addiu(v0, v0, 1)), { label: 'round' }, sw(s4, 0, s3), addiu(s0, zero, 40)],
        [{ label: 'again' }, jalr(ra, s3), addiu(s0, s0, -1), bne(s0, zero, 'again'), nop, b('round'), nop],
        [{ label: 'function' }, Array.from({ length: 30 }, () => addiu(v0, v0, 1)), jr(ra), nop],
      ]);
      const before = made.length;
      for (let n = 0; n < 10; n++) twins.enter(10_000);
      twins.makeRoom(0);
      for (let n = 0; n < 5; n++) {
        await new Promise((done) => setTimeout(done, 1));
        collect();
      }
      const count = made.length - before;
      expect(count).toBeGreaterThan(20);
      expect(made.slice(before).filter((instance) => instance.deref()).length).toBeLessThan(count / 2);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
