// exp, log and their kin from additions, multiplications and divisions alone. The C library's
// differ in the last place from machine to machine; these give the same bits everywhere. Good to
// about two units in the last place of a double, so a result that is rounded to f32 is nearly
// always the nearest. Sines and cosines lose digits beyond a million. Any thread.
#pragma once

namespace yent::portable {

double exp(double x);
double log(double x);
double sin(double x);
double cos(double x);
// x^y for x >= 0.
double pow(double x, double y);

// For f32: the nearest float to the above, or the C library's own, which PyTorch uses.
float exp(float x, bool portably);
float sin(float x, bool portably);
float cos(float x, bool portably);

}  // namespace yent::portable
