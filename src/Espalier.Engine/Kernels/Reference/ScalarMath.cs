namespace Espalier.Engine.Kernels.Reference;

/// <summary>Functions of one number, exact to near double precision.</summary>
internal static class ScalarMath
{
    /// <summary>An activation and its derivative at x. The derivative of max(x, 0) at 0 is 0.</summary>
    public static (double Value, double Derivative) Apply(Activation activation, double x)
    {
        switch (activation)
        {
            case Activation.Gelu:
                double phi = NormalDistribution(x);
                double density = Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);
                return (x * phi, phi + (x * density));
            case Activation.Relu:
                return x > 0 ? (x, 1) : x <= 0 ? (0, 0) : (x, 0);
            case Activation.Tanh:
                double tanh = Math.Tanh(x);
                return (tanh, 1 - (tanh * tanh));
            default:
                return (x, 1);
        }
    }

    /// <summary>Φ(x), the normal distribution function: erfc(−x / √2) / 2.</summary>
    public static double NormalDistribution(double x)
    {
        double tail = 0.5 * ErrorFunctionComplement(Math.Abs(x) / Math.Sqrt(2));
        return x > 0 ? 1 - tail : tail;
    }

    /// <summary>
    /// erfc(x) for x ≥ 0: below 2.5 from the series of erf whose terms are all positive (Abramowitz and Stegun 7.1.6),
    /// above it from the continued fraction (7.1.14), which converges fast there and keeps the relative accuracy of the tail.
    /// </summary>
    public static double ErrorFunctionComplement(double x)
    {
        double gauss = Math.Exp(-x * x);
        if (x < 2.5)
        {
            double term = x, sum = x;
            for (int n = 1; term > 1e-18 * sum; n++)
            {
                term *= 2 * x * x / ((2 * n) + 1);
                sum += term;
            }

            return 1 - (2 / Math.Sqrt(Math.PI) * gauss * sum);
        }

        double fraction = x;
        for (int n = 60; n > 0; n--)
        {
            fraction = x + (0.5 * n / fraction);
        }

        return gauss / (Math.Sqrt(Math.PI) * fraction);
    }
}
