import tseslint from 'typescript-eslint'

// The rules of the house that a compiler does not see: features know lib, components,
// app and their own folder, never each other.
export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/client', 'artefacts'] },
  ...tseslint.configs.recommended,
  {
    files: ['src/features/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['@/features/*', '../*/*', '@/self/*'], message: 'features never import features' }] }] },
  },
  {
    files: ['src/lib/**', 'src/components/**'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ group: ['@/features/*', '@/app/*', '@/self/*'], message: 'lib and components are below features and app' }] }] },
  },
)
