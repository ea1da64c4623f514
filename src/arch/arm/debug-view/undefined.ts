// Why an instruction is UNDEFINED (ARM DDI 0406C: B1.8.8, B1.11, A8.8.247): not there, not enabled, not permitted.
import { FPEXC_EN } from '../fp/access.ts';
import { FPSCR } from '../fp/fpscr.ts';
import { CP15, MODE, PSR } from '../registers.ts';
import { fromUser, type Scene } from './scene.ts';
import { cp15, hasHyp, isSet, modeName } from './state.ts';
import { coprocessorOf, systemAccess, whyUndefined } from './system-access.ts';

/** A cause, and what it most likely comes from. */
export interface Cause {
  readonly cause: string;
  readonly likely: string;
}

const CP10_SHIFT = 20;
const CPACR_ASEDIS = 0x80000000 | 0;
const HCPTR_TCP10 = 1 << 10;

const matches = (word: number, mask: number, value: number): boolean => (word & mask) >>> 0 === value;
const because = (cause: string, likely: string): Cause => ({ cause, likely });

/** The words by which programs stop themselves. */
const KNOWN_UDF: ReadonlyMap<number, string> = new Map([
  [0xe7f001f2, "Linux's BUG()"],
  [0xde02, "Linux's BUG()"],
  [0xe7f001f0, "Linux's breakpoint instruction (gdb)"],
  [0xde01, "Linux's breakpoint instruction (gdb)"],
  [0xe7f001f8, 'a kprobe that nobody handles'],
  [0xe7ffdefe, "clang's __builtin_trap(), or kgdb's breakpoint"],
  [0xe7fddef1, 'a KGDB breakpoint'],
  [0xdefe, "clang's __builtin_trap()"],
  [0xdeff, "gcc's __builtin_trap()"],
  [0xe7f000f0, "gcc's __builtin_trap(), or code that must not be reached"],
]);

/** Of the word at the exception's pc; `text` is null for what is no instruction. */
export function undefinedCause(scene: Scene, word: number, text: string | null): Cause {
  const thumb = (scene.exception.pc & 1) === 1;
  if (isPermanentlyUndefined(word, thumb)) {
    const known = KNOWN_UDF.get(word >>> 0);
    return because(
      'permanently UNDEFINED (udf): the program stops itself',
      known ?? 'an assertion or a trap of the compiler',
    );
  }
  if (isFloating(word, thumb)) return floatingCause(scene, isSimd(word, thumb));
  return coprocessorCause(scene, word, thumb) ?? privilegedCause(scene, word, thumb) ?? unknownCause(scene, word, text);
}

function isPermanentlyUndefined(word: number, thumb: boolean): boolean {
  if (!thumb) return matches(word, 0xfff000f0, 0xe7f000f0);
  return matches(word, 0xffffff00, 0xde00) || matches(word, 0xfff0f000, 0xf7f0a000);
}

function isSimd(word: number, thumb: boolean): boolean {
  if (thumb)
    return word >>> 16 !== 0 && (matches(word, 0xef000000, 0xef000000) || matches(word, 0xff100000, 0xf9000000));
  return matches(word, 0xfe000000, 0xf2000000) || matches(word, 0xff100000, 0xf4000000);
}

function isFloating(word: number, thumb: boolean): boolean {
  const coprocessor = coprocessorOf(word, thumb);
  return coprocessor === 10 || coprocessor === 11 || isSimd(word, thumb);
}

function floatingCause(scene: Scene, simd: boolean): Cause {
  const { cpu, psr } = scene;
  const inHyp = psr !== null && (psr & PSR.M) === MODE.HYP;
  const what = simd ? 'Advanced SIMD' : 'floating point';
  const cpacr = cp15(cpu, CP15.CPACR);
  const enabled = (cpacr >>> CP10_SHIFT) & 3;
  if (!inHyp && (enabled & 1) === 0)
    return because(`${what} is not enabled: CPACR.cp10=00`, 'nobody has enabled the FPU (CPACR, then FPEXC.EN)');
  if (!inHyp && enabled === 1 && fromUser(scene) !== false)
    return because(`${what} is for PL1 only: CPACR.cp10=01`, 'the FPU is not given to user mode');
  if (!inHyp && simd && isSet(cpacr, CPACR_ASEDIS))
    return because('Advanced SIMD is off: CPACR.ASEDIS=1', 'the kernel has turned Advanced SIMD off');
  if (!isSet(cpu.bank('fpexc', 0), FPEXC_EN))
    return because(
      `${what} is not enabled: FPEXC.EN=0`,
      'the FPU is off: an operating system that gives it out lazily enables it now, others must set FPEXC.EN',
    );
  if (inHyp && isSet(cp15(cpu, CP15.HCPTR), HCPTR_TCP10))
    return because(
      `${what} is trapped by HCPTR.TCP10, in Hyp mode too`,
      'the hypervisor has not enabled it for itself',
    );
  if (!simd && isSet(cpu.bank('fpscr', 0), FPSCR.LEN | FPSCR.STRIDE))
    return because('FPSCR.LEN or STRIDE is not 0: this CPU has no short vectors', 'code for an old VFP');
  return because(`no ${what} instruction of this CPU (VFPv4, Advanced SIMDv2)`, 'code for another CPU, or data');
}

function coprocessorCause(scene: Scene, word: number, thumb: boolean): Cause | null {
  const coprocessor = coprocessorOf(word, thumb);
  if (coprocessor === null) return null;
  if (coprocessor !== 14 && coprocessor !== 15)
    return because(`there is no coprocessor ${coprocessor}`, 'code for another CPU (iWMMXt, FPA, ...), or data');
  const access = systemAccess(word);
  if (!access) return because(`no such instruction of coprocessor ${coprocessor}`, 'code for another CPU, or data');
  const inHyp = scene.psr !== null && (scene.psr & PSR.M) === MODE.HYP;
  const isUser = fromUser(scene);
  const cause = whyUndefined(access, isUser, inHyp);
  if (cause === null)
    return because(`${access.text} is not permitted in this state`, 'a control register keeps it closed');
  const likely = !access.register
    ? 'code for another CPU'
    : isUser
      ? 'a user program with a privileged instruction'
      : 'the wrong mode or direction for this register';
  return because(cause, likely);
}

/** HVC, SMC, and what User mode must not. */
function privilegedCause(scene: Scene, word: number, thumb: boolean): Cause | null {
  const isHvc = thumb ? matches(word, 0xfff0f000, 0xf7e08000) : matches(word, 0x0ff000f0, 0x01400070);
  const isSmc = thumb ? matches(word, 0xfff0f000, 0xf7f08000) : matches(word, 0x0ff000f0, 0x01600070);
  if (!isHvc && !isSmc) return null;
  const name = isHvc ? 'hvc' : 'smc';
  if (fromUser(scene)) return because(`${name} in user mode`, 'a user program with a privileged instruction');
  if (isSmc && !hasHyp(scene.cpu))
    return because(
      'smc, and this machine has no Security Extensions',
      'PSCI by the wrong conduit: a guest that began in SVC mode calls by hvc',
    );
  return because(`${name} is not permitted in this state`, 'a conduit that is not there');
}

function unknownCause(scene: Scene, word: number, text: string | null): Cause {
  const thumb = (scene.exception.pc & 1) === 1;
  if (text !== null && !text.startsWith('.')) {
    const where = scene.psr === null ? '' : ` in ${modeName(scene.psr)} mode`;
    return because(
      `UNDEFINED${where}, or by its operands or condition`,
      'an instruction that is not permitted in this mode or with these operands',
    );
  }
  const all = thumb && word >>> 16 === 0 ? 0xffff : 0xffffffff;
  const set = thumb ? 'T32' : 'A32';
  if (word >>> 0 === all) return because(`no instruction of ${set}`, 'memory that nobody has written (all ones)');
  const other = thumb
    ? 'data, code for another CPU, or A32 code that was jumped to with bit 0 set'
    : 'data, code for another CPU, or T32 code that was jumped to with bit 0 clear';
  return because(`no instruction of ${set} on this CPU`, other);
}
