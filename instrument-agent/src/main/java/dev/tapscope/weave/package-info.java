/** The pure core: class file and sites in, woven class file and report out. No loader, no state. */
package dev.tapscope.weave;
