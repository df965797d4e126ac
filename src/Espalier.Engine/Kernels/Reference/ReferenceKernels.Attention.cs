namespace Espalier.Engine.Kernels.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void Attention(in AttentionArguments arguments)
    {
        arguments.Validate();
        for (int sequence = 0; sequence < arguments.Sequences; sequence++)
        {
            for (int head = 0; head < arguments.Heads; head++)
            {
                Forward(arguments, new AttentionBlock(arguments, sequence, head));
            }
        }
    }

    public void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients)
    {
        arguments.Validate();
        gradients.Validate(arguments);
        for (int sequence = 0; sequence < arguments.Sequences; sequence++)
        {
            for (int head = 0; head < arguments.Heads; head++)
            {
                Backward(arguments, gradients, new AttentionBlock(arguments, sequence, head));
            }
        }
    }

    private static void Forward(in AttentionArguments a, AttentionBlock block)
    {
        double[] p = new double[block.Keys];
        for (int i = 0; i < block.Queries; i++)
        {
            int seen = block.Seen(i);
            double largest = double.NegativeInfinity, sum = 0;
            for (int j = 0; j < seen; j++)
            {
                p[j] = a.Scale * Dot(a.Q.Pointer + block.AtQ(i), a.K.Pointer + block.AtKV(j), a.HeadSize);
                largest = Math.Max(largest, p[j]);
            }

            for (int j = 0; j < seen; j++)
            {
                sum += Math.Exp(p[j] - largest);
            }

            double logSum = largest + Math.Log(sum);
            for (int j = 0; j < seen; j++)
            {
                p[j] = Math.Exp(p[j] - logSum) * a.Dropout.Factor(block.MaskRow(i), j);
            }

            for (int d = 0; d < a.HeadSize; d++)
            {
                double value = 0;
                for (int j = 0; j < seen; j++)
                {
                    value += p[j] * a.V.Pointer[block.AtKV(j) + d];
                }

                a.O.Pointer[block.AtO(i) + d] = (float)value;
            }

            if (!a.LogSumExp.IsEmpty)
            {
                a.LogSumExp.Pointer[block.MaskRow(i)] = (float)logSum;
            }
        }
    }

    // With P the probabilities, M the mask's factors and s the scale (FlashAttention, Dao et al. 2022, appendix B.2):
    // dV = (P∘M)ᵀ·dO; dP = M∘(dO·Vᵀ); dS = s·P∘(dP − rowsum(dO∘O)); dQ = dS·K; dK = dSᵀ·Q.
    private static void Backward(in AttentionArguments a, in AttentionGradients g, AttentionBlock block)
    {
        int keys = block.Keys;
        double[] dropped = new double[block.Queries * keys], dS = new double[block.Queries * keys];
        for (int i = 0; i < block.Queries; i++)
        {
            float* dO = g.O.Pointer + block.AtO(i);
            double inner = Dot(dO, a.O.Pointer + block.AtO(i), a.HeadSize);
            for (int j = 0; j < block.Seen(i); j++)
            {
                double score = a.Scale * Dot(a.Q.Pointer + block.AtQ(i), a.K.Pointer + block.AtKV(j), a.HeadSize);
                double p = Math.Exp(score - a.LogSumExp.Pointer[block.MaskRow(i)]);
                double factor = a.Dropout.Factor(block.MaskRow(i), j);
                double dP = factor * Dot(dO, a.V.Pointer + block.AtKV(j), a.HeadSize);
                dropped[(i * keys) + j] = p * factor;
                dS[(i * keys) + j] = a.Scale * p * (dP - inner);
            }
        }

        for (int d = 0; d < a.HeadSize; d++)
        {
            for (int i = 0; i < block.Queries; i++)
            {
                double dQ = 0;
                for (int j = 0; j < keys; j++)
                {
                    dQ += dS[(i * keys) + j] * a.K.Pointer[block.AtKV(j) + d];
                }

                g.Q.Pointer[block.AtQ(i) + d] = (float)dQ;
            }

            for (int j = 0; j < keys; j++)
            {
                double dK = 0, dV = 0;
                for (int i = 0; i < block.Queries; i++)
                {
                    dK += dS[(i * keys) + j] * a.Q.Pointer[block.AtQ(i) + d];
                    dV += dropped[(i * keys) + j] * g.O.Pointer[block.AtO(i) + d];
                }

                g.K.Pointer[block.AtKV(j) + d] = (float)dK;
                g.V.Pointer[block.AtKV(j) + d] = (float)dV;
            }
        }
    }

    private static double Dot(float* a, float* b, int count)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += (double)a[i] * b[i];
        }

        return sum;
    }
}
