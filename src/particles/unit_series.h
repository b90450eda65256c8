/* unit_series: coefficients, highest power first. Made by tools/minimax; do not edit. */

/* e^r on |r| <= ln2/2 */
/* float: relative error 1.19e-7 */
static const double EXP_float[] = {
    0x1.1422bc0000000p-7, 0x1.5791e40000000p-5, 0x1.5550aa0000000p-3,
    0x1.fffc500000000p-2, 0x1.0000020000000p+0, 0x1.0000020000000p+0,
};
/* double: relative error 2.23e-16 */
static const double EXP_double[] = {
    0x1.272e45d575f89p-22, 0x1.72f7dcc000e99p-19, 0x1.a01b5e1dbcc89p-16, 0x1.a0197c5fd58d6p-13,
    0x1.6c16c0cbd271dp-10, 0x1.1111112c66bc8p-7,  0x1.555555558c14ep-5,  0x1.555555554c597p-3,
    0x1.ffffffffffe90p-2,  0x1.0000000000019p+0,  0x1.0000000000000p+0,
};

/* 2^f on 0 <= f <= 1 */
/* float: relative error 7.63e-8 */
static const double EXP2_float[] = {
    0x1.ebaa8e0000000p-10, 0x1.26bcf60000000p-7, 0x1.c9498c0000000p-5,
    0x1.ebd6c40000000p-3,  0x1.62e4ea0000000p-1, 0x1.fffffe0000000p-1,
};
/* double: relative error 2.21e-16 */
static const double EXP2_double[] = {
    0x1.55f3db6dd0ae3p-27, 0x1.96586305a5f9bp-24, 0x1.655c5577d3130p-20, 0x1.ff869e60b6648p-17,
    0x1.430b5e33fa763p-13, 0x1.5d87e5af414f5p-10, 0x1.3b2ab7a1b34b9p-7,  0x1.c6b08d6b3ee7ep-5,
    0x1.ebfbdff8405c0p-3,  0x1.62e42fefa3801p-1,  0x1.0000000000001p+0,
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
/* double: relative error 3.39e-16 */
static const double LOG1P_double[] = {
    0x1.ebfc230a94de4p-15, -0x1.442194c51a17dp-11, 0x1.9459512785b69p-9,  -0x1.3fdaa453c0426p-7, 0x1.6c0b7c5e4702fp-6,
    -0x1.42637e454faa9p-5, 0x1.d874c8eee1aacp-5,   -0x1.2ecb7b070f0c9p-4, 0x1.6547975ffa96cp-4,  -0x1.94f270ca38835p-4,
    0x1.c5fff4ebef4c0p-4,  -0x1.ffcc89249ad40p-4,  0x1.248edc2c79740p-3,  -0x1.555502bfed4d0p-3, 0x1.99999467107a6p-3,
    -0x1.ffffffccad06fp-3, 0x1.55555554cef8dp-2,   -0x1.fffffffffee86p-2, 0x1.ffffffffffffdp-1,
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

/* tanh(s)/s in s^2, |s| <= 9 */
/* float: relative error 3.34e-8 */
static const double TANH_OVER_float[] = {
    0x1.c9732c0000000p-27, 0x1.5945dc0000000p-16, 0x1.c9f1e20000000p-9, 0x1.1203840000000p-3, 0x1.0000000000000p+0,
};
static const double TANH_UNDER_float[] = {
    0x1.a09ab60000000p-21, 0x1.5838c80000000p-12, 0x1.a7dc4c0000000p-6, 0x1.de570e0000000p-2, 0x1.0000000000000p+0,
};

/* erf(s/sqrt2)/s in s^2, |s| <= 5.4 */
/* float: relative error 5.27e-8 */
static const double ERF_OVER_float[] = {
    0x1.0072540000000p-32, -0x1.76bbce0000000p-25, 0x1.8a65940000000p-18, 0x1.2d5d5e0000000p-12,
    0x1.1c83080000000p-7,  0x1.1176220000000p-4,   0x1.9884540000000p-1,
};
static const double ERF_UNDER_float[] = {
    0x1.bf47a20000000p-15, 0x1.b7cb0c0000000p-10, 0x1.c44e940000000p-6, 0x1.0059880000000p-2, 0x1.0000000000000p+0,
};

/* erf(s/sqrt2)/s in s^2, |s| <= 8.3 */
/* double: relative error 6.25e-17 */
static const double ERF_OVER_double[] = {
    0x1.c02b59b15f10bp-69, 0x1.2bc0f0cc86cdep-57, 0x1.4e53dab0355fbp-49, 0x1.02a6d3e9c3c1ap-42, 0x1.3fbc4a42f3c6ep-36,
    0x1.ef96883c340c5p-31, 0x1.68ffb3df5f440p-25, 0x1.47205b570c386p-20, 0x1.37e72c0ce7489p-15, 0x1.37e9b7f180c77p-11,
    0x1.7c09379cee5e2p-7,  0x1.3aa074dd67ddcp-4,  0x1.9884533d43651p-1,
};
static const double ERF_UNDER_double[] = {
    0x1.128f92a2a2055p-62, 0x1.824dc0cdb70f9p-53, 0x1.b7d37305cc6b7p-46, 0x1.2beca7c2d0a99p-39, 0x1.243b3d806879bp-33,
    0x1.b269bd4338608p-28, 0x1.f98d5f246b7e3p-23, 0x1.ced889de520bcp-18, 0x1.49a8ba20b136dp-13, 0x1.62f6509107e9bp-9,
    0x1.114614282fe36p-5,  0x1.0d3f8b0d4456dp-2,  0x1.0000000000000p+0,
};
