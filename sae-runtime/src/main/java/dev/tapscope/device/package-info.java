/** The choice between the CPU and a GPU, made in one place for all that runs or trains SAEs. */
package dev.tapscope.device;
