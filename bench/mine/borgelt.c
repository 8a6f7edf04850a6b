/* Borgelt's frequent itemset miners as a program: what pyfim wraps for Python, without Python.
 *
 *   borgelt ALGORITHM FILE SUPPORT LONGEST [OUTPUT]
 *
 * ALGORITHM is eclat, fpgrowth or relim, each with pyfim's defaults; LONGEST 0 means any length. Prints the
 * number of itemsets, or writes them to OUTPUT. Built by run.py from pyfim's source distribution.
 *
 * The file is read by a plain loop over its bytes, faster than the miners' own table reader, so that no
 * figure suffers from that.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eclat.h"
#include "fpgrowth.h"
#include "relim.h"
#include "report.h"

static void fail(const char *what) {
  fprintf(stderr, "borgelt: %s\n", what);
  exit(1);
}

/* Items are called by their numbers, each as wide as a pointer. */
static size_t hash_number(const void *name, int type) {
  (void)type;
  return (size_t)*(const intptr_t *)name;
}

static int compare_numbers(const void *a, const void *b, void *data) {
  (void)data;
  return *(const intptr_t *)a != *(const intptr_t *)b;
}

static void add_item(ITEMBASE *base, intptr_t number) {
  if (ib_add2ta(base, &number) < 0) fail("out of memory");
}

static TABAG *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  ITEMBASE *base = ib_create(IB_OBJNAMES, 0, hash_number, compare_numbers, NULL, NULL);
  TABAG *bag = base ? tbg_create(base) : NULL;
  static unsigned char block[1 << 18];
  size_t length;
  long number = 0;
  int in_number = 0, in_line = 0;
  if (!file || !bag) fail("can't read the file");
  ib_clear(base);
  while ((length = fread(block, 1, sizeof block, file)) > 0) {
    for (size_t i = 0; i < length; i++) {
      unsigned char byte = block[i];
      in_line = 1;
      if (byte >= '0' && byte <= '9') {
        number = number * 10 + (byte - '0');
        in_number = 1;
        continue;
      }
      if (in_number) {
        add_item(base, number);
        number = in_number = 0;
      }
      if (byte == '\n') {
        ib_finta(base, 1);
        if (tbg_addib(bag) < 0) fail("out of memory");
        ib_clear(base);
        in_line = 0;
      }
    }
  }
  if (in_line) {
    if (in_number) add_item(base, number);
    ib_finta(base, 1);
    if (tbg_addib(bag) < 0) fail("out of memory");
  }
  fclose(file);
  return bag;
}

/* Appends a number in decimal. */
static char *put_number(char *at, unsigned long number) {
  char digits[20];
  int length = 0;
  do {
    digits[length++] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  while (length > 0) *at++ = digits[--length];
  return at;
}

/* Writes the current itemset as a line. */
static void write_itemset(ISREPORT *report, void *file) {
  char line[1 << 14], *at = line;
  for (ITEM i = 0; i < isr_cnt(report); i++) {
    at = put_number(at, (unsigned long)*(const intptr_t *)ib_name(isr_base(report), isr_itemx(report, i)));
    *at++ = ' ';
  }
  *at++ = '(';
  at = put_number(at, (unsigned long)isr_supp(report));
  *at++ = ')';
  *at++ = '\n';
  if (fwrite_unlocked(line, 1, (size_t)(at - line), file) == 0) fail("can't write the output");
}

static ISREPORT *reporter(TABAG *bag, FILE *output) {
  ISREPORT *report = isr_create(tbg_base(bag));
  if (!report) fail("out of memory");
  if (output) isr_setrepo(report, write_itemset, output);
  return report;
}

int main(int argc, char **argv) {
  if (argc < 5) fail("usage: borgelt eclat|fpgrowth|relim FILE SUPPORT LONGEST [OUTPUT]");
  double support = -atof(argv[3]);
  ITEM longest = atoi(argv[4]) > 0 ? atoi(argv[4]) : ITEM_MAX;
  FILE *output = argc > 5 ? fopen(argv[5], "wb") : NULL;
  if (output) setvbuf(output, NULL, _IOFBF, 1 << 18);
  TABAG *bag = read_file(argv[2]);
  ISREPORT *report;
  int status;
  if (strcmp(argv[1], "eclat") == 0) {
    ECLAT *miner = eclat_create(ISR_SETS, support, 100.0, 80.0, 1, longest, 0, 0, 10.0, ECL_AUTO, ECL_DEFAULT);
    if (!miner || eclat_data(miner, bag, 0, +2) != 0) fail("no frequent items");
    report = reporter(bag, output);
    if (eclat_report(miner, report) != 0 || isr_setup(report) < 0) fail("can't report");
    status = eclat_mine(miner, ITEM_MIN, 0);
  } else if (strcmp(argv[1], "fpgrowth") == 0) {
    FPGROWTH *miner = fpg_create(ISR_SETS, support, 100.0, 80.0, 1, longest, 0, 0, 10.0, FPG_SIMPLE, FPG_DEFAULT);
    if (!miner || fpg_data(miner, bag, 0, +2) != 0) fail("no frequent items");
    report = reporter(bag, output);
    if (fpg_report(miner, report) != 0 || isr_setup(report) < 0) fail("can't report");
    status = fpg_mine(miner, ITEM_MIN, 0);
  } else {
    RELIM *miner = relim_create(ISR_SETS, support, 0.0, 1, longest, 0, -1.0, 0, 10.0, REL_BASIC, REL_DEFAULT | REL_FIM16);
    if (!miner || relim_data(miner, bag, +2) != 0) fail("no frequent items");
    report = reporter(bag, output);
    if (relim_report(miner, report) != 0 || isr_setup(report) < 0) fail("can't report");
    status = relim_mine(miner, 32);
  }
  if (status < 0) fail("mining failed");
  if (output) {
    if (fclose(output) != 0) fail("can't write the output");
  } else {
    printf("%zu\n", isr_repcnt(report));
  }
  return 0;
}
