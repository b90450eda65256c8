/* unit_series: coefficients, highest power first. Made by tools/minimax; do not edit. */

/* e^r on |r| <= ln2/2 */
/* float: relative error 1.19e-7 */
static const double EXP_float[] = {
    0x1.1422bc0000000p-7, 0x1.5791e40000000p-5, 0x1.5550aa0000000p-3,
    0x1.fffc500000000p-2, 0x1.0000020000000p+0, 0x1.0000020000000p+0,
};
/* double: relative error 3.72e-18 */
static const double EXP_double[] = {
    0x1.ada59bde0518fp-26, 0x1.28ae3507d4b70p-22, 0x1.71df0ccc36cf8p-19, 0x1.a019992b2dd65p-16,
    0x1.a01a01359f641p-13, 0x1.6c16c18485effp-10, 0x1.1111111125929p-7,  0x1.5555555550692p-5,
    0x1.5555555555503p-3,  0x1.000000000000ap-1,  0x1.0000000000000p+0,  0x1.0000000000000p+0,
};

/* (e^r - 1 - r)/r^2 on |r| <= ln2/2 */
/* float: relative error 1.29e-7 */
static const double EXPM1_float[] = {
    0x1.6ca14e0000000p-10, 0x1.120aee0000000p-7, 0x1.5555720000000p-5, 0x1.5554de0000000p-3, 0x1.0000000000000p-1,
};
/* double: relative error 2.23e-16 */
static const double EXPM1_double[] = {
    0x1.aeab733858028p-26, 0x1.289206fa0c23ap-22, 0x1.71de59aad0436p-19, 0x1.a019b88fff52bp-16, 0x1.a01a018ca43dcp-13,
    0x1.6c16c178b40adp-10, 0x1.111111111425dp-7,  0x1.5555555553cc9p-5,  0x1.555555555554ep-3,  0x1.0000000000001p-1,
};

/* log(1 + y)/y on 0 <= y <= 1 */
/* float: relative error 5.94e-8 */
static const double LOG1P_float[] = {
    0x1.3528e40000000p-8,  -0x1.c091a80000000p-6, 0x1.31b7a60000000p-4,  -0x1.1150900000000p-3, 0x1.840f5c0000000p-3,
    -0x1.fbe5ec0000000p-3, 0x1.5520500000000p-2,  -0x1.fffdce0000000p-2, 0x1.fffffe0000000p-1,
};
/* double: relative error 1.09e-16 */
static const double LOG1P_double[] = {
    -0x1.21a784a1f350ap-15, 0x1.952978c55aea2p-12, -0x1.0ccb132995452p-9, 0x1.c4b3df109a2e0p-8,  -0x1.1201102789ac9p-6,
    0x1.011c81957f59ep-5,   -0x1.8c32498462648p-5, 0x1.07d17a2b35000p-4,  -0x1.3ea1434ef1a43p-4, 0x1.6c45c1c1231d4p-4,
    -0x1.97505ef317e79p-4,  0x1.c69b9a4f1f88cp-4,  -0x1.ffea5f74aaee6p-4, 0x1.2490f0dfe3b4ep-3,  -0x1.555536d687c9dp-3,
    0x1.999997c8057a2p-3,   -0x1.ffffffeed5fbep-3, 0x1.5555555529db3p-2,  -0x1.ffffffffffa60p-2, 0x1.fffffffffffffp-1,
};

/* (sin r - r)/r^3 in u = r^2, |r| <= pi/2 */
/* float: relative error 5.96e-8 */
static const double SIN_float[] = {
    0x1.612a320000000p-19,
    -0x1.9faf200000000p-13,
    0x1.11102e0000000p-7,
    -0x1.5555540000000p-3,
};
/* double: relative error 5.54e-17 */
static const double SIN_double[] = {
    0x1.79dffe18df01dp-49, -0x1.adc75ba8e944dp-41, 0x1.612227063e140p-33, -0x1.ae644f4bf0a4ep-26,
    0x1.71de3a492f16ep-19, -0x1.a01a01a005dd3p-13, 0x1.1111111111046p-7,  -0x1.5555555555555p-3,
};

/* -log(erfc(a/sqrt2))/a in u = a / 2.75 - 1, 0 <= a <= 5.5 */
/* float: relative error 3.54e-8 */
static const double ERF_float[] = {
    0x1.8c96a00000000p-9,  0x1.b1a1060000000p-8, 0x1.9178b00000000p-11, 0x1.9b996c0000000p-7,
    -0x1.018cd80000000p-5, 0x1.3c105e0000000p-4, 0x1.305da00000000p+0,  0x1.dce2040000000p+0,
};

/* -log(erfc(a/sqrt2))/a in u = a / 4.2 - 1, 0 <= a <= 8.4 */
/* double: relative error 7.04e-17 */
static const double ERF_double[] = {
    0x1.b6996c4ea62f0p-13, 0x1.ce37aab3af9fbp-10, 0x1.9926fb79d4987p-8,   0x1.8ae28731f0f64p-7,  0x1.aefecef0881fap-7,
    0x1.91d2e5492efc9p-8,  -0x1.b1b8bbc68ab9dp-9, -0x1.c5799daab54adp-8,  -0x1.0e08fb2538ec4p-8, -0x1.7c301412d6914p-13,
    0x1.c604c35c954f0p-11, 0x1.ace2b2c67013fp-11, -0x1.900fbd005bafap-13, 0x1.3118ad85a9ee4p-14, 0x1.d654bac4bac74p-12,
    -0x1.0f671bf8508b2p-9, 0x1.7229e77cf8d0dp-8,  -0x1.a7daf4887b5a9p-7,  0x1.b882401dbed97p-6,  -0x1.af4e2faa7e140p-5,
    0x1.99384d2d2fa92p-4,  0x1.e8c123d8e5f9cp+0,  0x1.40f32667cc461p+1,
};
