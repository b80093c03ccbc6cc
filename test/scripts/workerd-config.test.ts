import { describe, expect, it } from 'vitest';
import { readWranglerToml, workerdConfig } from '../../scripts/start/workerd-config.ts';

const toml = (more = '') => `
name = "edgedive"
main = "worker/index.ts"
compatibility_date = "2026-10-23"
compatibility_flags = ["nodejs_compat", "other_flag"]
${more}
`;
const OBJECTS = `
[[durable_objects.bindings]]
name = "A"
class_name = "Alpha"
`;
const options = { address: '127.0.0.1:1', moduleFile: 'worker.js', storageDir: '/s', vars: {} };

describe('readWranglerToml', () => {
  it('follows migrations, so that a renamed class keeps its data', () => {
    const config = readWranglerToml(
      toml(`${OBJECTS}
        [[migrations]]
        tag = "v1"
        new_sqlite_classes = ["Old", "Gone"]
        [[migrations]]
        tag = "v2"
        renamed_classes = [{ from = "Old", to = "Alpha" }]
        deleted_classes = ["Gone"]`),
    );
    expect([...config.classes]).toEqual([['Alpha', { storedAs: 'edgedive-Old', sqlite: true }]]);
  });

  it('refuses a binding whose class no migration creates', () => {
    expect(() => readWranglerToml(toml(OBJECTS))).toThrow('no migration creates the class Alpha');
  });

  it('refuses by name what plain workerd does not have', () => {
    expect(() => readWranglerToml(toml('[[r2_buckets]]\nbinding = "B"'))).toThrow('r2_buckets');
    const archive = '[[r2_buckets]]\nbinding = "EDGEDIVE_ARCHIVE_BUCKET"\nbucket_name = "flows"';
    expect(readWranglerToml(toml(archive)).main).toBe(readWranglerToml(toml()).main);
  });

  it('leaves out the flag that is the default at this date', () => {
    expect(readWranglerToml(toml()).compatibilityFlags).toEqual(['other_flag']);
    const older = toml().replace('2026-10-23', '2026-08-03');
    expect(readWranglerToml(older).compatibilityFlags).toEqual(['nodejs_compat', 'other_flag']);
  });
});

describe('workerdConfig', () => {
  it('names objects with their storage', () => {
    const config = readWranglerToml(
      toml(`${OBJECTS}[[migrations]]\ntag = "v1"\nnew_sqlite_classes = ["Alpha"]`),
    );
    const text = workerdConfig(config, options);
    expect(text).toContain('(className = "Alpha", uniqueKey = "edgedive-Alpha", enableSql = true)');
    expect(text).toContain('(name = "A", durableObjectNamespace = "Alpha")');
  });

  it('gives strings as text, other values as JSON, and lets the given ones win', () => {
    const config = readWranglerToml(toml('[vars]\nS = "from the file"\nT = "kept"\nN = 7'));
    const text = workerdConfig(config, { ...options, vars: { S: 'given' } });
    expect(text).toContain('(name = "S", text = "given")');
    expect(text).toContain('(name = "T", text = "kept")');
    expect(text).toContain('(name = "N", json = "7")');
    expect(text).not.toContain('from the file');
  });

  it("writes quotes, backslashes and control characters as Cap'n Proto reads them", () => {
    const config = readWranglerToml(toml());
    const text = workerdConfig(config, { ...options, vars: { V: 'a"b\\u0041\n\u0001é' } });
    expect(text).toContain(String.raw`text = "a\x22b\x5cu0041\x0a\x01é"`);
  });
});
