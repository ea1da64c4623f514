// Real Linux kernels on board arm-virt, at the size CI can bear; scripts/check-linux.ts --board arm-virt runs the same checks at full size.
import { armChecks } from '../support/linux/arm-checks.ts';
import { linuxSuite } from '../support/linux/suite.ts';

linuxSuite('Linux on ARM', armChecks({ mebibytes: 20, boots: 2, stress: 2 }));
