using Espalier.Text.Randomness;

namespace Espalier.Text.Corpora;

/// <summary>Which part of a prepared corpus a document belongs to.</summary>
internal enum Destination
{
    Train,
    HeldOut,
    Nowhere,
}

/// <summary>
/// Draws for each document whether it is held out, trained on or left aside. The draw is a function of (seed, document), so
/// it depends on no order and no thread; with a smaller fraction the training documents are a subset of those with a
/// larger one, and the held-out documents are the same.
/// </summary>
internal sealed record DocumentSelection(ulong Seed, double HeldOut, double Fraction)
{
    public Destination Of(long document)
    {
        if (new CounterRandom(Seed, Purpose.HoldOut, document).NextUnit() < HeldOut)
            return Destination.HeldOut;
        return new CounterRandom(Seed, Purpose.Fraction, document).NextUnit() < Fraction ? Destination.Train : Destination.Nowhere;
    }
}
