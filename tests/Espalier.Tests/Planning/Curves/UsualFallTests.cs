using Espalier.Planning.Curves;

namespace Espalier.Tests.Planning.Curves;

public class UsualFallTests
{
    private static readonly UsualFall Usual = new(0.115, 0.02);

    [Fact]
    public void Apply_RacesOnEnglish_HoldsWhatCame()
    {
        // 2 × 128 in ten minutes: its loss had just left the plateau, and a law through that, and through the curves of the sizes beside it, said 2.73.
        // At the full rate the end was 3000 steps, and 4.09 the loss without the gain of the decay.
        LossForecast both = Usual.Apply(new LossForecast(2.73, 1.83, 3.63, ForecastBasis.PowerLaw), new CurvePoint(346.8, 5.305), 3000);
        Assert.InRange(4.09, both.Low, both.High);
        Assert.InRange(both.Loss, 0.88 * 4.09, 1.05 * 4.09);

        // 4 × 128, of which one point on the plateau was known, and 2 × 64, which was there yet.
        Assert.InRange(Usual.Apply(LearningCurve.Forecast([new(4, 8.367)], 861, contextFree: 6.856), new(4, 8.367), 861).Loss, 4.4, 4.9);
        CurvePoint[] plateau = [new(3.7, 8.895), new(25.2, 6.945), new(61.6, 6.792), new(117.4, 6.608), new(141.2, 6.53), new(165, 6.436), new(188.7, 6.325)];
        LossForecast after = Usual.Apply(LearningCurve.Forecast(plateau, 2902, contextFree: 6.856), plateau[^1], 2902);
        Assert.InRange(4.342, after.Low, after.High);
    }

    [Fact]
    public void Apply_NearTheEndOrUnknownOrRising_ChangesLittleOrNothing()
    {
        var sure = new LossForecast(3.5, 3.48, 3.52, ForecastBasis.PowerLaw);
        LossForecast near = Usual.Apply(sure, new CurvePoint(9000, 3.52), 10000);
        Assert.InRange(near.Loss, 3.49, 3.51);
        Assert.InRange(near.High - near.Low, 0.03, 0.05);
        Assert.Equal(sure, Usual.Apply(sure, new CurvePoint(10000, 3.52), 10000));
        Assert.Equal(sure, UsualFall.Unknown.Apply(sure, new CurvePoint(100, 5), 10000));
        LossForecast rising = sure with { Basis = ForecastBasis.Overfitting };
        Assert.Equal(rising, Usual.Apply(rising, new CurvePoint(100, 5), 10000));
    }

    [Fact]
    public void Apply_Contradiction_WidensTheInterval()
    {
        var wrong = new LossForecast(1, 0.8, 1.2, ForecastBasis.PowerLaw);
        LossForecast both = Usual.Apply(wrong, new CurvePoint(100, 6), 10000);
        Assert.InRange(both.Loss, 1, 3.6);
        Assert.True(both.High - both.Low > 0.4 * 1.5, $"{both}");
    }
}
