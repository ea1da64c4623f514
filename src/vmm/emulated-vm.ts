// Where the emulated core comes in: KVM_CREATE_VM on an emulated /dev/kvm for the board's CPU. The only file of vmm that names
// an implementation of the contract.
import { createKvm } from '../cpu/exec/kvm.ts';
import type { CreateVm } from './compose.ts';

export const createEmulatedVm: CreateVm = ({ cpu, type, ...options }) => createKvm(cpu, options).createVm(type);
