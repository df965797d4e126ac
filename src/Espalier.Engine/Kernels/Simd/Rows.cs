namespace Espalier.Engine.Kernels.Simd;

/// <summary>What layer norm and softmax do with one row, which stays in the first-level cache from pass to pass.</summary>
internal static unsafe class Rows<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    public static float Sum(int count, float* x)
    {
        TLanes sum = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            sum += TLanes.Load(x + i);
        }

        float total = TLanes.Sum(sum);
        for (; i < count; i++)
        {
            total += x[i];
        }

        return total;
    }

    /// <summary>Σ (x − middle).</summary>
    public static float SumAbout(float middle, int count, float* x)
    {
        TLanes less = TLanes.All(middle), sum = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            sum += TLanes.Load(x + i) - less;
        }

        float total = TLanes.Sum(sum);
        for (; i < count; i++)
        {
            total += x[i] - middle;
        }

        return total;
    }

    public static float Dot(int count, float* a, float* b)
    {
        TLanes sum = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            sum = TLanes.MultiplyAdd(TLanes.Load(a + i), TLanes.Load(b + i), sum);
        }

        float total = TLanes.Sum(sum);
        for (; i < count; i++)
        {
            total += a[i] * b[i];
        }

        return total;
    }

    /// <summary>sum = residual + x · factors (null: no factors); returns the total of sum.</summary>
    public static float AddResidual(int count, float* residual, float* x, float* factors, float* sum)
    {
        TLanes total = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes value = factors == null
                ? TLanes.Load(residual + i) + TLanes.Load(x + i)
                : TLanes.MultiplyAdd(TLanes.Load(x + i), TLanes.Load(factors + i), TLanes.Load(residual + i));
            value.Store(sum + i);
            total += value;
        }

        float result = TLanes.Sum(total);
        for (; i < count; i++)
        {
            sum[i] = residual[i] + (factors == null ? x[i] : x[i] * factors[i]);
            result += sum[i];
        }

        return result;
    }

    public static float SumOfSquaresAbout(float mean, int count, float* x)
    {
        TLanes middle = TLanes.All(mean), sum = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes centred = TLanes.Load(x + i) - middle;
            sum = TLanes.MultiplyAdd(centred, centred, sum);
        }

        float total = TLanes.Sum(sum);
        for (; i < count; i++)
        {
            total += (x[i] - mean) * (x[i] - mean);
        }

        return total;
    }

    /// <summary>y = (x − mean) · rstd · gain + bias.</summary>
    public static void Normalise(int count, float* x, float mean, float rstd, float* gain, float* bias, float* y)
    {
        TLanes middle = TLanes.All(mean), scale = TLanes.All(rstd);
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes normal = (TLanes.Load(x + i) - middle) * scale;
            TLanes.MultiplyAdd(normal, TLanes.Load(gain + i), TLanes.Load(bias + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = ((x[i] - mean) * rstd * gain[i]) + bias[i];
        }
    }

    /// <summary>
    /// With n the normalised row and h = dy · gain: dx = residual + rstd · (h − mean(h) − n · mean(h · n)); adds dy · n to
    /// dGain and dy to dBias. dx may be the residual.
    /// </summary>
    public static void NormaliseBackward(int count, float* dy, float* x, float mean, float rstd, float* gain, float* residual,
        float* dx, float* dGain, float* dBias)
    {
        TLanes middle = TLanes.All(mean), scale = TLanes.All(rstd), sumH = TLanes.Zero, sumHN = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes slope = TLanes.Load(dy + i), normal = (TLanes.Load(x + i) - middle) * scale;
            TLanes h = slope * TLanes.Load(gain + i);
            sumH += h;
            sumHN = TLanes.MultiplyAdd(h, normal, sumHN);
            TLanes.MultiplyAdd(slope, normal, TLanes.Load(dGain + i)).Store(dGain + i);
            (TLanes.Load(dBias + i) + slope).Store(dBias + i);
        }

        float totalH = TLanes.Sum(sumH), totalHN = TLanes.Sum(sumHN);
        for (; i < count; i++)
        {
            float normal = (x[i] - mean) * rstd;
            totalH += dy[i] * gain[i];
            totalHN += dy[i] * gain[i] * normal;
            dGain[i] += dy[i] * normal;
            dBias[i] += dy[i];
        }

        float meanH = totalH / count, meanHN = totalHN / count;
        TLanes lessH = TLanes.All(meanH), lessHN = TLanes.All(meanHN);
        for (i = 0; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes normal = (TLanes.Load(x + i) - middle) * scale;
            TLanes value = (TLanes.Load(dy + i) * TLanes.Load(gain + i)) - lessH - (normal * lessHN);
            value = residual == null ? value * scale : TLanes.MultiplyAdd(value, scale, TLanes.Load(residual + i));
            value.Store(dx + i);
        }

        for (; i < count; i++)
        {
            float value = rstd * ((dy[i] * gain[i]) - meanH - ((x[i] - mean) * rstd * meanHN));
            dx[i] = residual == null ? value : value + residual[i];
        }
    }

    public static float Largest(int count, float* x)
    {
        TLanes largest = TLanes.All(float.NegativeInfinity);
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            largest = TLanes.Max(largest, TLanes.Load(x + i));
        }

        float result = TLanes.Largest(largest);
        for (; i < count; i++)
        {
            result = MathF.Max(result, x[i]);
        }

        return result;
    }

    /// <summary>y = exp(x − shift); returns the sum. y may be x.</summary>
    public static float Exponentials(int count, float* x, float shift, float* y)
    {
        TLanes less = TLanes.All(shift), sum = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            TLanes value = VectorMath<TLanes>.Exp(TLanes.Load(x + i) - less);
            value.Store(y + i);
            sum += value;
        }

        float total = TLanes.Sum(sum);
        if (i < count)
        {
            int rest = count - i;
            TLanes value = VectorMath<TLanes>.Exp(Elementwise<TLanes>.LoadPart(x + i, rest, shift) - less);
            Elementwise<TLanes>.StorePart(value, y + i, rest);
            total += Sum(rest, y + i);
        }

        return total;
    }

    /// <summary>Σ exp(x − shift), to the bits of <see cref="Exponentials"/>.</summary>
    public static float SumOfExponentials(int count, float* x, float shift)
    {
        TLanes less = TLanes.All(shift), sum = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            sum += VectorMath<TLanes>.Exp(TLanes.Load(x + i) - less);
        }

        float total = TLanes.Sum(sum);
        if (i < count)
        {
            float* rest = stackalloc float[TLanes.Count];
            (VectorMath<TLanes>.Exp(Elementwise<TLanes>.LoadPart(x + i, count - i, shift) - less)).Store(rest);
            total += Sum(count - i, rest);
        }

        return total;
    }
}
