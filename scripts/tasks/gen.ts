/** `npm run gen [-- --check]`: writes the generated sources again, or only tells whether they would change. */
export {};
await import('../gen-proto.ts');
