export {
  type MadeCertificate as TestCertificate,
  makeCertificate,
} from '../../src/cli/self-made-certificate.ts'
