namespace Espalier.Engine.Kernels.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void AdamW(in AdamWArguments arguments)
    {
        arguments.Validate();
        float* weights = arguments.Weights.Pointer, gradients = arguments.Gradients.Pointer;
        float* first = arguments.FirstMoments.Pointer, second = arguments.SecondMoments.Pointer;
        double beta1 = arguments.Beta1, beta2 = arguments.Beta2, rate = arguments.LearningRate;
        for (long i = 0; i < arguments.Weights.Length; i++)
        {
            double w = weights[i], g = (double)gradients[i] * arguments.GradientScale;
            double m = (beta1 * first[i]) + ((1 - beta1) * g);
            double v = (beta2 * second[i]) + ((1 - beta2) * g * g);
            double step = m / arguments.Correction1 / (Math.Sqrt(v / arguments.Correction2) + arguments.Epsilon);
            weights[i] = (float)(w - (rate * arguments.WeightDecay * w) - (rate * step));
            first[i] = (float)m;
            second[i] = (float)v;
        }
    }
}
