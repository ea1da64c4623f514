/* Where the zoo's pages are mapped; entered with ASID ZOO_ASID. The page behind each is not there unless said otherwise. */
#ifndef ZOO_H
#define ZOO_H
#include "guest.h"

#define ZOO_ASID 0x11
#define OTHER_ASID 0x12

#define USER_VA 0x00400000 /* code of the user programs */
#define CONST_VA 0x00500000 /* a page that may only be read */
#define OTHER_VA 0x00600000 /* a page of OTHER_ASID */
#define STACK_VA 0x00700000 /* a stack in the second page; the first one is in the TLB, not valid */
#define RUN_OFF_VA 0x00800000 /* a page of NOPs; the second one is not valid */
#define LAST_BRANCH_VA 0x00900000 /* a page that ends with a branch; the second one is not valid */
#define PAGE_SIZE 0x1000

#endif
