/** What was asked for, what fired, and what follows from the difference. */
package dev.tapscope.ledger;
