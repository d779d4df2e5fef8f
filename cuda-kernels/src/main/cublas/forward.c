// libcublas.so.12 for machines that have libcublas.so.13.
//
// JCublas2's native library links against libcublas.so.12: 494 functions (functions.txt), each of
// the symbol version libcublas.so.12. This library has all of them. Each jumps to the function of
// the same name in libcublas.so.13, with every register and the stack as they came, so that it
// needs to know of no signature. The functions that JCublas2 calls have the same ones in both.
//
// Whoever loads this library has loaded libcublas.so.13 before, from wherever it is: here it is
// only looked up, by its SONAME, among what the process has loaded.
#include <dlfcn.h>
#include <stddef.h>

// The versions that these functions have had since the first glibc for x86-64, rather than glibc
// 2.34's: the library then loads with an older glibc too.
__asm__(".symver dlopen, dlopen@GLIBC_2.2.5");
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");

// Where a function is; one for each.
#define FUNCTION(name) __attribute__((visibility("hidden"))) void *target_##name;
#include "functions.inc"
#undef FUNCTION

#define FUNCTION(name)                       \
  __asm__(".text\n"                          \
          ".p2align 4\n"                     \
          ".globl " #name "\n"               \
          ".type " #name ", @function\n"     \
          #name ":\n"                        \
          "  endbr64\n"                      \
          "  jmp *target_" #name "(%rip)\n"  \
          ".size " #name ", . - " #name "\n");
#include "functions.inc"
#undef FUNCTION

static const struct {
  const char *name;
  void **target;
} functions[] = {
#define FUNCTION(name) {#name, &target_##name},
#include "functions.inc"
#undef FUNCTION
};

static int found;

// What a function does that libcublas.so.13 does not have.
static int not_supported(void) { return 15; /* CUBLAS_STATUS_NOT_SUPPORTED */ }

// Number of functions that libcublas.so.13 has: 0 where it is not loaded.
__attribute__((visibility("default"))) int tapscope_cublas_found(void) { return found; }

__attribute__((constructor)) static void find_functions(void) {
  void *library = dlopen("libcublas.so.13", RTLD_NOW | RTLD_NOLOAD);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    void *function = library != NULL ? dlsym(library, functions[i].name) : NULL;
    found += function != NULL;
    *functions[i].target = function != NULL ? function : (void *)not_supported;
  }
}
