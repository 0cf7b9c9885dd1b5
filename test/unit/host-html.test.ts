import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { examineTarget, exportChoice } from '../../src/host/export-target';
import { panelHtml } from '../../src/host/webview-html';

const shell = (title = 'net.onnx') =>
  panelHtml({
    title,
    cspSource: 'https://csp.test',
    script: 'https://csp.test/a.js',
    style: 'https://csp.test/a.css',
  });

describe('panelHtml', () => {
  it('allows one script by nonce and nothing inline, from elsewhere, or evaluated', () => {
    const html = shell();
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    const nonce = /<script nonce="([^"]+)" src="https:\/\/csp\.test\/a\.js"><\/script>/.exec(html)?.[1];
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      'img-src https://csp.test data:',
      'font-src https://csp.test',
      'style-src https://csp.test',
      `script-src 'nonce-${nonce}'`,
    ]);
    expect(html).not.toMatch(/unsafe|<style|\son\w+=/);
    expect(Buffer.from(nonce ?? '', 'base64')).toHaveLength(16);
  });

  it('makes a new nonce for every page', () => {
    const nonces = new Set(Array.from({ length: 50 }, () => /nonce="([^"]+)"/.exec(shell())?.[1]));
    expect(nonces.size).toBe(50);
  });

  it('takes a file name for text', () => {
    const html = shell(`</title><script>alert('1')</script>"&.onnx`);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).toContain('&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;.onnx');
  });
});

describe('export target', () => {
  const onnx = { format: 'onnx' } as const;
  const known = { format: 'pytorch', architecture: 'ResNet' } as const;
  const unknown = { format: 'pytorch' } as const;
  it.each([
    ['/m/net.onnx', onnx, '/m/net.pruned.onnx', ['onnx']],
    ['/m/a.b/net', onnx, '/m/a.b/net.pruned.onnx', ['onnx']],
    ['/m/net.onnx', null, '/m/net.pruned.onnx', ['onnx']],
    ['/m/net.bin', onnx, '/m/net.pruned.bin', ['bin']],
    ['/m/net.pth', unknown, '/m/net.pruned.pth', ['pth']],
    ['/m/net.pth', known, '/m/net.pruned.pth', ['pth', 'onnx']],
    ['/m/net', known, '/m/net.pruned', ['*', 'onnx']],
    ['/m/net.pth.tar', known, '/m/net.pruned.pth.tar', ['tar', 'onnx']],
    ['/m/model.safetensors.index.json', known, '/m/model.safetensors.index.pruned.onnx', ['onnx']],
  ] as const)('of %s is suggested beside it, in the formats that it can be written in', (...row) => {
    const [input, model, suggested, endings] = row;
    const choice = exportChoice(input, model);
    expect(choice.suggested).toBe(suggested);
    expect(Object.values(choice.filters).flat()).toEqual(endings);
  });

  it('knows the input by every name', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'scour-target-'));
    try {
      const at = (name: string) => path.join(folder, name);
      writeFileSync(at('in.onnx'), 'x');
      writeFileSync(at('other.onnx'), 'x');
      symlinkSync('in.onnx', at('soft.onnx'));
      linkSync(at('in.onnx'), at('hard.onnx'));
      const examined = ['in.onnx', './in.onnx', 'soft.onnx', 'hard.onnx', 'other.onnx', 'new.onnx'].map(
        (name) => examineTarget(at('in.onnx'), `${folder}/${name}`),
      );
      expect(await Promise.all(examined)).toEqual([
        'is-input',
        'is-input',
        'is-input',
        'is-input',
        'exists',
        'new',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
