using Espalier.Planning.Curves;

namespace Espalier.Tests.Planning.Curves;

public class LearningCurveTests
{
    [Theory]
    [InlineData(2, 10, 0.5, 20, 0.02)]
    [InlineData(3.5, 30, 0.8, 0, 0.02)]
    // So low an exponent is rare, and points do not tell it from a higher one within what laws are off by anyway.
    [InlineData(0, 12, 0.2, 100, 0.05)]
    public void Forecast_PowerLawWithoutNoise_FindsItsEnd(double floor, double scale, double exponent, double shift, double within)
    {
        double Law(double s) => floor + (scale * Math.Pow(s + shift, -exponent));
        LossForecast forecast = LearningCurve.Forecast(Curve(Law, 100, 2000, 12), 8000);
        Assert.Equal(ForecastBasis.PowerLaw, forecast.Basis);
        Assert.InRange(forecast.Loss, Law(8000) * (1 - within), Law(8000) * (1 + within));
        Assert.InRange(Law(8000), forecast.Low, forecast.High);
    }

    [Fact]
    public void Forecast_NoisyCurves_LieInTheIntervalAboutAsOftenAsItSays()
    {
        int inside = 0;
        const int runs = 60;
        double error = 0;
        for (int seed = 0; seed < runs; seed++)
        {
            var random = new Random(seed);
            double floor = 1.5 + random.NextDouble(), scale = 5 + (20 * random.NextDouble()), exponent = 0.25 + (0.5 * random.NextDouble());
            double Law(double s) => floor + (scale * Math.Pow(s + 30, -exponent));
            CurvePoint[] points = [.. Curve(Law, 100, 1500, 12).Select(p => p with { Loss = p.Loss + (0.01 * Normal(random)) })];
            LossForecast forecast = LearningCurve.Forecast(points, 6000);
            inside += forecast.Low <= Law(6000) && Law(6000) <= forecast.High ? 1 : 0;
            error += Math.Abs(forecast.Loss - Law(6000)) / Law(6000) / runs;
        }
        Assert.True(inside >= runs * 9 / 10, $"{inside} of {runs} ends lay in the interval");
        Assert.True(error < 0.04, $"the mean error is {error:P1}");
    }

    [Fact]
    public void Forecast_OnePointFarOff_HardlyMoves()
    {
        static double Law(double s) => 2 + (10 * Math.Pow(s, -0.5));
        CurvePoint[] points = Curve(Law, 100, 2000, 12);
        points[5] = points[5] with { Loss = points[5].Loss + 0.5 };
        Assert.Equal(Law(8000), LearningCurve.Forecast(points, 8000).Loss, 0.08);
    }

    [Fact]
    public void Forecast_AfterAPlateau_FollowsTheFallAndNotThePlateau()
    {
        // Held-out losses of a masked language model of 2 layers, 128 wide, on English novels (vocabulary 8,192, 16 sequences of 128
        // a step, peak rate 2e-3, mask rate 15 %): a plateau of word frequencies, then the fall.
        CurvePoint[] points =
        [
            new(462, 6.449), new(825, 6.346), new(1311, 6.296), new(1912, 6.246), new(2719, 6.054), new(3425, 5.523), new(4131, 5.169),
        ];
        LossForecast forecast = LearningCurve.Forecast(points, 12000);
        Assert.True(forecast.Loss < 4.9, $"{forecast}");
        Assert.True(forecast.High - forecast.Low > 0.3, $"so little after a fall can not be so sure: {forecast}");
    }

    [Fact]
    public void Forecast_OnThePlateau_StaysOnIt()
    {
        // The same model with 8 sequences a step, post hoc at the end of each fifth of a ten-minute run with linear decay, which
        // ended at 6.172; the rate's decay is in the steps.
        CurvePoint[] points = [new(2000, 6.337), new(3200, 6.269), new(4300, 6.233), new(5050, 6.191)];
        LossForecast forecast = LearningCurve.Forecast(points, 5250);
        Assert.InRange(forecast.Loss, 6.12, 6.22);
        Assert.InRange(6.172, forecast.Low, forecast.High);
    }

    [Fact]
    public void Forecast_OnThePlateauAndTheLossWithoutContextKnown_AllowsForLeavingIt()
    {
        // An hour of 2 × 128 on English, where word frequencies alone give 6.861; it ended at 3.699 after 8,450 steps.
        CurvePoint[] points = [new(262, 6.449), new(614, 6.346), new(1067, 6.296), new(1609, 6.246)];
        LossForecast without = LearningCurve.Forecast(points, 8450), with = LearningCurve.Forecast(points, 8450, contextFree: 6.861);
        Assert.True(without.Low > 3.699, $"{without}");
        Assert.InRange(3.699, with.Low, with.High);
        Assert.Equal((ForecastBasis.Plateau, without.Loss), (with.Basis, with.Loss));
        // Far below what word frequencies alone give, it has left the plateau.
        Assert.Equal(without, LearningCurve.Forecast(points, 8450, contextFree: 1.1 * 6.861));
    }

    // 1 × 192 on English: the law of its first steps, which learn how frequent words are, said 5.51.
    [Fact]
    public void Forecast_LossWithoutContextKnown_FollowsWhatComesBelowIt()
    {
        CurvePoint[] points =
        [
            new(1.97, 8.981), new(6.62, 7.778), new(7.00, 7.689), new(28.4, 6.890), new(63.96, 6.578), new(78.87, 6.416),
            new(107.56, 6.222), new(135.07, 6.042), new(166.3, 5.898),
        ];
        LossForecast forecast = LearningCurve.Forecast(points, 1300, others: null, contextFree: 6.851);
        Assert.InRange(4.35, forecast.Low, forecast.High);
        Assert.Equal(4.35, forecast.Loss, 0.5);
        Assert.True(LearningCurve.Forecast(points, 1300).Loss > 5.2);
    }

    // A race's four points on the made-up language, which was learned to 1.73 with the decay; the law alone said 0.00.
    [Fact]
    public void Forecast_FourPointsThatFallSteeply_AreNotFollowedToNothing()
    {
        CurvePoint[] points =
        [
            new(2.4, 5.624), new(7.1, 4.745), new(15.7, 4.015), new(32.9, 3.275),
        ];
        LossForecast forecast = LearningCurve.Forecast(points, 1290, others: null, contextFree: 4.527);
        Assert.InRange(forecast.Loss, 1, 2.5);
        Assert.InRange(1.8, forecast.Low, forecast.High);
    }

    // 2 × 128 on Multi30k, which ended at 1.24; the law alone said 0.34.
    [Fact]
    public void Forecast_TranslationWithoutItsFirstSteps_IsNear()
    {
        CurvePoint[] points =
        [
            new(2.4, 7.070), new(8.6, 5.779), new(18.0, 5.248), new(20.6, 5.139), new(43.5, 4.623), new(61.1, 4.297),
            new(113.0, 3.801), new(161.8, 3.488), new(193.5, 3.319), new(244.8, 3.094), new(284.1, 2.935),
            new(325.1, 2.798), new(330.0, 2.788), new(333.8, 2.759),
        ];
        Assert.Equal(1.24, LearningCurve.Forecast(points, 4000, others: null, contextFree: 5.7).Loss, 0.3);
    }

    [Fact]
    public void Forecast_RisingHeldOutLoss_IsOverfittingAndExpectsNoBetter()
    {
        CurvePoint[] points = [new(100, 5), new(200, 4.2), new(300, 3.9), new(400, 4.0), new(500, 4.2), new(600, 4.4)];
        LossForecast forecast = LearningCurve.Forecast(points, 3000);
        Assert.Equal(ForecastBasis.Overfitting, forecast.Basis);
        Assert.True(forecast.Low >= 4.4, $"{forecast}");
    }

    [Fact]
    public void Forecast_AnyCurve_IsFiniteOrderedAndTheSameAgain()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            double step = 0;
            CurvePoint[] points =
            [
                .. Enumerable.Range(0, 1 + random.Next(12)).Select(_ => new CurvePoint(step += 1 + random.Next(1000), 10 * random.NextDouble())),
            ];
            double end = step * (1 + (10 * random.NextDouble()));
            LossForecast forecast = LearningCurve.Forecast(points, end);
            Assert.True(double.IsFinite(forecast.Loss) && forecast.Low >= 0, $"{seed}: {forecast}");
            Assert.True(forecast.Low <= forecast.Loss && forecast.Loss <= forecast.High && double.IsFinite(forecast.High), $"{seed}: {forecast}");
            Assert.Equal(forecast, LearningCurve.Forecast(points, end));
        }
    }

    [Fact]
    public void Forecast_DisorderOrNoNumbers_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => LearningCurve.Forecast([], 10));
        Assert.Throws<ArgumentException>(() => LearningCurve.Forecast([new(5, 1), new(5, 1)], 10));
        Assert.Throws<ArgumentException>(() => LearningCurve.Forecast([new(5, double.NaN)], 10));
        Assert.Throws<ArgumentException>(() => LearningCurve.Forecast([new(5, 1)], 4));
    }

    [Fact]
    public void Gain_OfDecays_IsAShareOfTheFallAndWidensTheInterval()
    {
        DecayGain gain = DecayGain.Of([(7, 3, 2.8), (6, 4, 3.7)]);
        Assert.Equal(0.1, gain.Share, 9);
        Assert.Equal(0.05 * Math.Sqrt(2), gain.Deviation, 9);
        var before = new LossForecast(4, 3.9, 4.1, ForecastBasis.PowerLaw);
        LossForecast after = gain.Apply(before, 6);
        Assert.Equal(3.8, after.Loss, 9);
        Assert.Equal(0.2, gain.TakenOff(after.Loss, 6), 9);
        Assert.True(after.High - after.Low > before.High - before.Low);

        // What has learnt nothing has nothing to gain, and what is not known is not promised.
        Assert.Equal(4, gain.Apply(before, 3.5).Loss);
        Assert.Equal(4, DecayGain.Unknown.Apply(before, 6).Loss);
    }

    internal static double Normal(Random random)
        => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static CurvePoint[] Curve(Func<double, double> law, double first, double last, int count)
        => [.. Enumerable.Range(0, count).Select(i => first + ((last - first) * i / (count - 1))).Select(s => new CurvePoint(s, law(s)))];
}
